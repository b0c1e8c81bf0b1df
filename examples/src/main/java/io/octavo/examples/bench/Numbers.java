package io.octavo.examples.bench;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** Named results of one measurement, in the order of their columns: numbers and words. */
final class Numbers {

  private final Map<String, Object> entries = new LinkedHashMap<>();

  Numbers with(String name, double value) {
    entries.put(name, value);
    return this;
  }

  Numbers with(String name, long value) {
    entries.put(name, value);
    return this;
  }

  Numbers with(String name, String value) {
    entries.put(name, value);
    return this;
  }

  Map<String, Object> entries() {
    return Collections.unmodifiableMap(entries);
  }
}
