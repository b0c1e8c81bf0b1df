package io.octavo.spark.sql;

import java.io.Serializable;
import java.util.List;

/**
 * What is the same for all rows of a call.
 *
 * @param model path of the model's directory
 * @param window tokens of a text that are scored together; 0 for as many as the model can see
 */
record CallOptions(
    String model,
    int maxTokens,
    float temperature,
    float topP,
    long seed,
    List<String> stop,
    int window,
    boolean failOnError)
    implements Serializable {

  CallOptions {
    stop = List.copyOf(stop);
    require(!model.isBlank(), "model", model, "path of a model's directory");
    require(maxTokens > 0, "maxTokens", maxTokens, "1 or more");
    require(
        temperature >= 0 && Float.isFinite(temperature), "temperature", temperature, "0 or more");
    require(topP > 0 && topP <= 1, "topP", topP, "(0, 1]");
    require(window == 0 || window > 1, "window", window, "2 or more, 0 for the model's context");
    require(stop.stream().noneMatch(String::isEmpty), "stop", "an empty text", "texts");
  }

  private static void require(boolean holds, String name, Object value, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(
          "Invalid %s: %s (expected %s)".formatted(name, value, expected));
    }
  }
}
