package io.octavo.spark.serve;

import io.octavo.kernel.Backend;
import io.octavo.kernel.BackendChoice;
import io.octavo.kernel.Backends;
import io.octavo.kernel.Placement;
import io.octavo.layout.HuggingFaceFiles;
import io.octavo.serve.ServedMemory;
import io.octavo.serve.ServedModel;
import io.octavo.spark.OctavoConf;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A model of the cache. First it is measured by the headers of its files, then it is loaded, once
 * there is room for it. Fields that are not final belong to the cache's lock.
 */
final class CachedModel {

  private static final Logger LOG = LoggerFactory.getLogger(CachedModel.class);

  /** How long a failure is remembered. */
  private static final long FAILURE_NANOS = 10_000_000_000L;

  private final Path directory;
  private final Configuration hadoop;
  private final OctavoConf conf;
  private final CompletableFuture<Long> size = new CompletableFuture<>();
  private final CompletableFuture<ServedModel> model = new CompletableFuture<>();

  /** Tasks that it is lent to. */
  int users;

  /** Whether memory is kept for it. */
  boolean admitted;

  /** Whether somebody gives its memory back. */
  boolean closing;

  private volatile long failedAt;

  CachedModel(Path directory, Configuration hadoop, OctavoConf conf) {
    this.directory = directory;
    this.hadoop = hadoop;
    this.conf = conf;
  }

  Path directory() {
    return directory;
  }

  /** Reads headers; by who has put the model into the cache. */
  void measure() {
    run(
        size,
        () -> {
          try (HuggingFaceFiles files = HuggingFaceFiles.open(directory, hadoop)) {
            return ServedMemory.bytes(files, conf.serve().engine());
          }
        });
  }

  /** Loads it; by who has admitted it. */
  void load(Placement placement) {
    run(model, () -> loaded(placement));
  }

  private ServedModel loaded(Placement placement) {
    String fingerprint = HuggingFaceFiles.fingerprintOf(directory, hadoop);
    BackendChoice choice = Backends.installed().chooseOrBest(conf.backend());
    long start = System.nanoTime();
    ServedModel loaded;
    try (HuggingFaceFiles files = HuggingFaceFiles.open(directory, hadoop)) {
      if (!choice.provider().name().equals("cuda")) {
        requireHeap(ServedMemory.productBytes(files), Runtime.getRuntime().maxMemory());
      }
      loaded = ServedModel.load(files, conf.serve().engine(), open(choice, placement));
    }
    if (!HuggingFaceFiles.fingerprintOf(directory, hadoop).equals(fingerprint)) {
      loaded.close();
      throw new IllegalStateException("its files changed while they were read; ask again");
    }
    LOG.info(
        "serves {} on {}: {} MiB, loaded in {} ms",
        directory,
        choice.explanation(),
        loaded.bytes() >> 20,
        (System.nanoTime() - start) / 1_000_000);
    return loaded;
  }

  /** A device that has room for the model: what else uses it is known once it is open. */
  private Backend open(BackendChoice choice, Placement placement) {
    Backend backend = choice.open(placement);
    try {
      requireFree(size(), backend.freeBytes(), backend.description());
      return backend;
    } catch (RuntimeException e) {
      backend.close();
      throw e;
    }
  }

  /** Before minutes of loading end in a device's own words. */
  static void requireFree(long model, long free, String device) {
    if (model > free) {
      throw new IllegalArgumentException(
          "it takes %,d bytes with its cache, %,d are free on %s; lower spark.octavo.serve.cacheMemory, serve it quantized, or give the device to fewer tasks"
              .formatted(model, free, device));
    }
  }

  /** An executor whose heap is full is ended by Spark, as is the one that tries again. */
  static void requireHeap(long weights, long heap) {
    if (weights > heap) {
      throw new IllegalArgumentException(
          "its weights take %,d bytes of the Java heap where the CPU computes, which has %,d; raise spark.executor.memory (spark.driver.memory for local masters), or serve it quantized"
              .formatted(weights, heap));
    }
  }

  /** An error, as of memory, goes on to who has met it. */
  private <T> void run(CompletableFuture<T> result, Supplier<T> work) {
    try {
      result.complete(work.get());
    } catch (RuntimeException e) {
      failedAt = System.nanoTime();
      result.completeExceptionally(e);
    } finally {
      abandon(result);
    }
  }

  /** Leaves nobody waiting where it was not loaded after all. */
  void abandon() {
    abandon(model);
  }

  private void abandon(CompletableFuture<?> result) {
    if (!result.isDone()) {
      failedAt = System.nanoTime();
      result.completeExceptionally(
          new IllegalStateException("loading ended with an error, see the executor's log"));
    }
  }

  /** Bytes by the headers; waits for who reads them. */
  long size() {
    return size.join();
  }

  /** The model; waits for who loads it. */
  ServedModel model() {
    return model.join();
  }

  /** Whether it could not be read or loaded so long ago that it may be tried again. */
  boolean failedLongAgo() {
    return failed() && System.nanoTime() - failedAt > FAILURE_NANOS;
  }

  private boolean failed() {
    return size.isCompletedExceptionally() || model.isCompletedExceptionally();
  }

  boolean loaded() {
    return model.isDone() && !failed();
  }

  /** Whether it was loaded and answers no more: a step has failed. */
  boolean ended() {
    return loaded() && !model.join().serving();
  }

  /** Memory that it takes, or will once it is loaded. */
  long bytes() {
    if (!admitted || failed()) {
      return 0;
    }
    return loaded() ? model.join().bytes() : size.join();
  }

  /** Gives memory back. */
  void close() {
    if (loaded()) {
      model.join().close();
    }
  }
}
