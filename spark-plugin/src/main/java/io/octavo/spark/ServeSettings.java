package io.octavo.spark;

import io.octavo.serve.EngineConfig;
import java.io.Serializable;
import java.time.Duration;

/**
 * How executors serve models.
 *
 * @param memory bytes that models and their caches may take together
 * @param memoryTimeout longest wait until models in use leave room for another
 * @param engine of each model
 */
public record ServeSettings(long memory, Duration memoryTimeout, EngineConfig engine)
    implements Serializable {

  public ServeSettings {
    if (memory < 1) {
      throw new IllegalArgumentException(
          "Invalid memory: %d (expected 1 or more)".formatted(memory));
    }
  }
}
