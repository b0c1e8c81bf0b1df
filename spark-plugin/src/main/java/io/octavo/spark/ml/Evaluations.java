package io.octavo.spark.ml;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/** Losses on held-out samples by steps done; they travel with the checkpoints. */
final class Evaluations {

  private static final String PROPERTY = "heldOut";

  private final TreeMap<Long, Double> losses = new TreeMap<>();

  void add(long step, double loss) {
    losses.put(step, loss);
  }

  boolean has(long step) {
    return losses.containsKey(step);
  }

  Map<Long, Double> bySteps() {
    return new TreeMap<>(losses);
  }

  /** As a checkpoint's properties, to which others may be added. */
  Map<String, String> properties() {
    StringBuilder text = new StringBuilder();
    losses.forEach((step, loss) -> text.append(step).append('=').append(loss).append(' '));
    Map<String, String> properties = new LinkedHashMap<>();
    properties.put(PROPERTY, text.toString().strip());
    return properties;
  }

  void restore(Map<String, String> properties) {
    for (String entry : properties.getOrDefault(PROPERTY, "").split(" ")) {
      int at = entry.indexOf('=');
      if (at > 0) {
        losses.put(
            Long.parseLong(entry.substring(0, at)), Double.parseDouble(entry.substring(at + 1)));
      }
    }
  }
}
