package io.octavo.spark;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.SparkContext;

/** Properties of the jobs that this thread submits, put back to what they were when closed. */
final class JobProperties implements AutoCloseable {

  private final SparkContext context;
  private final Map<String, Optional<String>> before = new HashMap<>();

  private JobProperties(SparkContext context) {
    this.context = context;
  }

  static JobProperties of(SparkContext context) {
    return new JobProperties(context);
  }

  void set(String key, String value) {
    before.putIfAbsent(key, Optional.ofNullable(context.getLocalProperty(key)));
    context.setLocalProperty(key, value);
  }

  @Override
  @SuppressWarnings("NullAway") // null removes a property
  public void close() {
    before.forEach((key, value) -> context.setLocalProperty(key, value.orElse(null)));
  }
}
