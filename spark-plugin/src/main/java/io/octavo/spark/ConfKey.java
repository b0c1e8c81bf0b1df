package io.octavo.spark;

import java.util.Optional;
import java.util.function.Function;
import org.apache.spark.SparkConf;

/**
 * One setting: its name and meaning, and how its text is read.
 *
 * @param type as shown to users: {@code time}, {@code int}, ...
 * @param defaultText used where the setting is absent
 * @param expected the values allowed, in words
 * @param parser gives empty for text that is not allowed
 */
record ConfKey<T>(
    String name,
    String type,
    String defaultText,
    String expected,
    String doc,
    Function<String, Optional<T>> parser) {

  /**
   * The value in {@code conf}, or the default.
   *
   * @throws IllegalArgumentException naming the setting and the values allowed
   */
  T read(SparkConf conf) {
    String text = conf.get(name, defaultText);
    return parse(text)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "Invalid %s: %s (expected %s)".formatted(name, text, expected)));
  }

  private Optional<T> parse(String text) {
    try {
      return parser.apply(text.trim());
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** A row of the table in the manual. */
  String row() {
    return "| `%s` | %s | `%s` | %s (%s) |".formatted(name, type, defaultText, doc, expected);
  }
}
