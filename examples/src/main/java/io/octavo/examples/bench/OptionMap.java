package io.octavo.examples.bench;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Options of a command line by name; each is taken once, what is left was not known. */
final class OptionMap {

  private final Map<String, String> values = new LinkedHashMap<>();
  private final String usage;

  OptionMap(String[] arguments, String usage) {
    this.usage = usage;
    for (int i = 0; i < arguments.length; i += 2) {
      if (!arguments[i].startsWith("--") || i + 1 == arguments.length) {
        throw invalid("option", arguments[i]);
      }
      values.put(arguments[i], arguments[i + 1]);
    }
  }

  Optional<String> text(String name) {
    return Optional.ofNullable(values.remove(name));
  }

  String required(String name) {
    return text(name).orElseThrow(() -> invalid(name, "nothing"));
  }

  int number(String name, int usual) {
    return text(name).map(value -> numbers(name, value, ",")[0]).orElse(usual);
  }

  /** A whole number that may be 0. */
  int count(String name, int usual) {
    Optional<String> value = text(name);
    return value.equals(Optional.of("0"))
        ? 0
        : value.map(given -> whole(name, given)).orElse(usual);
  }

  /** Whole numbers above 0 with a separator between them. */
  int[] numbers(String name, String value, String separator) {
    return Arrays.stream(value.split(separator, -1)).mapToInt(part -> whole(name, part)).toArray();
  }

  private int whole(String name, String value) {
    if (!value.matches("[1-9]\\d{0,8}")) {
      throw invalid(name, value);
    }
    return Integer.parseInt(value);
  }

  void requireAllRead() {
    values.forEach(
        (name, value) -> {
          throw invalid("option", name);
        });
  }

  IllegalArgumentException invalid(String what, String value) {
    return new IllegalArgumentException(
        "Invalid %s: %s (expected one of those below)%n%s".formatted(what, value, usage));
  }
}
