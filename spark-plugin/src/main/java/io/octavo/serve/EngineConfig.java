package io.octavo.serve;

import io.octavo.kernel.CacheFormat;
import java.io.Serializable;

/**
 * How a model is served.
 *
 * @param cacheBytes memory for keys and values of all sequences
 * @param cacheFormat how they are stored
 * @param maxBatch sequences that generate at once
 * @param prefillChunk prompt tokens that enter with one step
 * @param maxQueued requests that wait or run; who asks for more waits with asking
 */
public record EngineConfig(
    long cacheBytes, CacheFormat cacheFormat, int maxBatch, int prefillChunk, int maxQueued)
    implements Serializable {

  public EngineConfig {
    require("cacheMemory", cacheBytes);
    require("maxBatch", maxBatch);
    require("prefillChunk", prefillChunk);
    require("maxQueued", maxQueued);
  }

  private static void require(String name, long value) {
    if (value < 1) {
      throw new IllegalArgumentException(
          "Invalid %s: %d (expected 1 or more)".formatted(name, value));
    }
  }

  /** 512 MiB of FP16, 64 sequences, 256 prompt tokens a step. */
  public static EngineConfig defaults() {
    return new EngineConfig(512L << 20, CacheFormat.FP16, 64, 256, 1024);
  }
}
