package io.octavo.ptq;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Which linear layers of a model are cast to what.
 *
 * @param method of layers that no rule names
 * @param rules the first that holds decides
 */
public record QuantizationPlan(LayerMethod method, List<Rule> rules) implements Serializable {

  /**
   * A method for some layers.
   *
   * @param pattern regular expression of the whole name, such as {@code model\.layers\.0\..*}
   */
  public record Rule(String pattern, LayerMethod method) implements Serializable {

    public Rule {
      Pattern.compile(pattern);
    }
  }

  public QuantizationPlan {
    rules = List.copyOf(rules);
  }

  /** All linear layers alike, the output head as it is. */
  public static QuantizationPlan of(LayerMethod method) {
    return new QuantizationPlan(method, List.of(new Rule("lm_head", LayerMethod.NONE)));
  }

  /** The same plan but for layers of a pattern; goes before earlier rules. */
  public QuantizationPlan with(String pattern, LayerMethod other) {
    List<Rule> more = new ArrayList<>(List.of(new Rule(pattern, other)));
    more.addAll(rules);
    return new QuantizationPlan(method, more);
  }

  /** The method of a linear layer, named without {@code .weight}. */
  public LayerMethod methodOf(String module) {
    return rules.stream()
        .filter(rule -> Pattern.matches(rule.pattern(), module))
        .map(Rule::method)
        .findFirst()
        .orElse(method);
  }
}
