package io.octavo.layout;

import io.octavo.quant.ActivationCast;
import io.octavo.quant.Granularity;
import java.util.List;
import java.util.Optional;

/**
 * How {@code quantization_config} says that some linear layers are quantized. What the codes are is
 * seen from the tensors themselves.
 *
 * @param targets names of modules, {@code re:} patterns, or {@code Linear} for all
 * @param granularity of the scales where a config must tell it: groups and blocks; else it is seen
 *     from the scales
 * @param activation cast of the input
 */
record LayerGroup(
    List<String> targets, Optional<Granularity> granularity, ActivationCast activation) {

  private static final String PATTERN = "re:";
  private static final String ALL = "Linear";

  boolean holds(String module) {
    return targets.stream().anyMatch(target -> matches(target, module));
  }

  /** As compressed-tensors: patterns match from the start of a name. */
  private static boolean matches(String target, String module) {
    if (target.startsWith(PATTERN)) {
      return java.util.regex.Pattern.compile(target.substring(PATTERN.length()))
          .matcher(module)
          .lookingAt();
    }
    return target.equals(ALL) || target.equals(module);
  }
}
