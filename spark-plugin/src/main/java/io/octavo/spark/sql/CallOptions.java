package io.octavo.spark.sql;

import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

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

  /** The same with the model's path made whole here: executors have other working directories. */
  CallOptions qualified(Configuration hadoop) {
    try {
      Path given = new Path(model);
      String whole = given.getFileSystem(hadoop).makeQualified(given).toString();
      return new CallOptions(whole, maxTokens, temperature, topP, seed, stop, window, failOnError);
    } catch (IOException e) {
      throw new UncheckedIOException(
          "Cannot find model %s: %s".formatted(model, e.getMessage()), e);
    }
  }

  private static void require(boolean holds, String name, Object value, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(
          "Invalid %s: %s (expected %s)".formatted(name, value, expected));
    }
  }
}
