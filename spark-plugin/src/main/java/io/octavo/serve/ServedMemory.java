package io.octavo.serve;

import io.octavo.kernel.CacheKernels;
import io.octavo.layout.HuggingFaceFiles;
import io.octavo.model.ModelConfig;
import io.octavo.model.Projection;

/** What a served model takes, as its config and the headers of its files say: nothing is loaded. */
public final class ServedMemory {

  private ServedMemory() {}

  /** Bytes of weights and cache together; backends that pad may take a little more. */
  public static long bytes(HuggingFaceFiles files, EngineConfig engine) {
    ModelConfig config = files.config();
    return productBytes(files) + floats(config) + pages(config, engine) * pageBytes(config, engine);
  }

  /** Bytes of the weights of products: what lies in the Java heap where the CPU computes. */
  public static long productBytes(HuggingFaceFiles files) {
    ModelConfig config = files.config();
    long bytes = files.packedBytes(ServedWeights.headNames(config));
    for (int layer = 0; layer < config.layers(); layer++) {
      for (Projection projection : Projection.values()) {
        bytes += files.packedBytes(projection.weights(layer));
      }
    }
    return bytes;
  }

  /** What is FP32 whatever the files have: embedding, norms, and the angles of all positions. */
  private static long floats(ModelConfig config) {
    long hidden = config.hidden();
    long norms = (2L * config.layers() + 1) * hidden;
    long heads = config.variant().headNorms() ? 2L * config.layers() * config.headSize() : 0;
    long angles = (long) config.contextLength() * config.headSize();
    return Float.BYTES * (config.vocabulary() * hidden + norms + heads + angles);
  }

  /** A page of all layers. */
  static long pageBytes(ModelConfig config, EngineConfig engine) {
    return StepMemory.pageBytes(config, engine.cacheFormat()) * config.layers();
  }

  /** Pages of the cache: what there is memory for, but not more than all sequences can use. */
  static int pages(ModelConfig config, EngineConfig engine) {
    long affordable = engine.cacheBytes() / pageBytes(config, engine);
    long used = (long) PagePool.pagesFor(config.contextLength()) * engine.maxBatch();
    return (int) Math.min(Math.min(affordable, used), Integer.MAX_VALUE / CacheKernels.PAGE);
  }
}
