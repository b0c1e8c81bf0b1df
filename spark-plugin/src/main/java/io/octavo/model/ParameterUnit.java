package io.octavo.model;

import java.util.ArrayList;
import java.util.List;

/**
 * Parameters that are gathered, used and released together.
 *
 * @param name {@code embed}, {@code layers.N} or {@code final}
 * @param parameters in the order of their offsets
 * @param elements length of the flat vector, a multiple of 128
 */
public record ParameterUnit(String name, List<Parameter> parameters, long elements) {

  /**
   * Neighbouring parameters that are all matrices, or none of them.
   *
   * @param from element of the unit's flat vector, a multiple of 128
   * @param to element after the last, padding included, a multiple of 128
   */
  public record Run(long from, long to, boolean matrices) {}

  /** The runs that all parameters fall into, in order. */
  public List<Run> runs() {
    List<Run> runs = new ArrayList<>();
    long from = 0;
    for (int i = 1; i <= parameters.size(); i++) {
      boolean matrices = parameters.get(i - 1).matrix();
      if (i == parameters.size()) {
        runs.add(new Run(from, elements, matrices));
      } else if (parameters.get(i).matrix() != matrices) {
        runs.add(new Run(from, parameters.get(i).offset(), matrices));
        from = parameters.get(i).offset();
      }
    }
    return runs;
  }

  /** Elements a rank holds: an equal number of whole 128-groups for each. */
  public long shardElements(int worldSize) {
    long groups = elements / ParameterLayout.ALIGNMENT;
    return (groups + worldSize - 1) / worldSize * ParameterLayout.ALIGNMENT;
  }

  /**
   * The parameter whose name ends in {@code suffix}.
   *
   * @throws IllegalArgumentException where there is none
   */
  public Parameter parameter(String suffix) {
    return parameters.stream()
        .filter(parameter -> parameter.name().endsWith(suffix))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException("Cannot find %s in unit %s".formatted(suffix, name)));
  }

  /** Whether there is a parameter whose name ends in {@code suffix}. */
  public boolean has(String suffix) {
    return parameters.stream().anyMatch(parameter -> parameter.name().endsWith(suffix));
  }
}
