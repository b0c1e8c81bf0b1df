package io.octavo.model;

import java.util.List;

/**
 * Parameters that are gathered, used and released together.
 *
 * @param name {@code embed}, {@code layers.N} or {@code final}
 * @param parameters in the order of their offsets
 * @param elements length of the flat vector, a multiple of 128
 */
public record ParameterUnit(String name, List<Parameter> parameters, long elements) {

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
