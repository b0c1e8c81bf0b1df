package io.octavo.spark;

import io.octavo.train.StepMetrics;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Messages of ranks on the driver, by run. Spark's plugin thread puts them in. */
final class RankMessages implements AutoCloseable {

  /**
   * Spark makes the plugin and gives no way from a SparkContext to it; a process has one
   * SparkContext at a time, hence one of these.
   */
  private static final AtomicReference<@Nullable RankMessages> CURRENT = new AtomicReference<>();

  private final Map<String, Consumer<RankMessage>> runs = new ConcurrentHashMap<>();
  private final AtomicReference<@Nullable StepMetrics> latest = new AtomicReference<>();

  private RankMessages() {}

  /** Those of a new SparkContext. */
  static RankMessages open() {
    RankMessages messages = new RankMessages();
    CURRENT.set(messages);
    return messages;
  }

  /** Those of the running SparkContext; empty where the plugin is not loaded. */
  static Optional<RankMessages> current() {
    return Optional.ofNullable(CURRENT.get());
  }

  /** Hands messages of a run to {@code reader}, who must not wait. */
  void subscribe(String run, Consumer<RankMessage> reader) {
    runs.put(run, reader);
  }

  void unsubscribe(String run) {
    runs.remove(run);
  }

  void accept(RankMessage message) {
    if (message instanceof RankMessage.StepDone done) {
      latest.set(done.metrics());
    }
    Consumer<RankMessage> reader = runs.get(message.from().run());
    if (reader != null) {
      reader.accept(message);
    }
  }

  /** The last step that any run has done. */
  Optional<StepMetrics> latest() {
    return Optional.ofNullable(latest.get());
  }

  @Override
  public void close() {
    CURRENT.compareAndSet(this, null);
  }
}
