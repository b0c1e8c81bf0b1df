package io.octavo.spark.serve;

import io.octavo.kernel.BackendChoice;
import io.octavo.kernel.Backends;
import io.octavo.kernel.Placement;
import io.octavo.layout.HuggingFaceFiles;
import io.octavo.serve.ServedModel;
import io.octavo.spark.OctavoConf;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models of this process. The first task that asks for one loads it while the others wait; a
 * directory that cannot be served is said so to all of them for a while, without reading it again.
 * Files that have changed make another model. Models without tasks go, the longest unused first,
 * when memory is wanted.
 */
public final class ModelCache {

  /** A process is one executor: Spark gives its tasks nothing else to share. */
  public static final ModelCache PROCESS = new ModelCache();

  private static final Logger LOG = LoggerFactory.getLogger(ModelCache.class);

  /** How long a failure is remembered. */
  private static final long FAILURE_NANOS = 10_000_000_000L;

  /** What makes two requests ask for the same model. */
  private record Key(String path, String fingerprint, OctavoConf conf) {}

  private static final class Entry {
    private final CompletableFuture<ServedModel> model = new CompletableFuture<>();
    private int users;
    private long failedAt;
  }

  private final Map<Key, Entry> entries = new LinkedHashMap<>(4, 0.75f, true);

  /** A model, lent until it is closed. */
  public final class Lease implements AutoCloseable {
    private final Entry entry;
    private final ServedModel model;
    private boolean returned;

    private Lease(Entry entry, ServedModel model) {
      this.entry = entry;
      this.model = model;
    }

    /** The model. */
    public ServedModel model() {
      return model;
    }

    @Override
    public void close() {
      synchronized (entries) {
        if (!returned) {
          returned = true;
          entry.users--;
        }
      }
    }
  }

  /**
   * The model of a directory.
   *
   * @param threads cores for a backend that computes on the host
   * @param device GPU for one that does not
   * @throws IllegalArgumentException where it cannot be served, with the reason
   */
  public Lease lend(
      String path, OctavoConf conf, Configuration hadoop, int threads, String device) {
    Path directory = new Path(path);
    Key key = new Key(path, HuggingFaceFiles.fingerprintOf(directory, hadoop), conf);
    Entry mine = new Entry();
    Entry entry;
    synchronized (entries) {
      entry = entries.getOrDefault(key, mine);
      if (failedLongAgo(entry)) {
        entry = mine;
      }
      entries.put(key, entry);
      entry.users++;
    }
    if (entry == mine) {
      load(entry, directory, hadoop, conf, new Placement(threads, device));
    }
    try {
      return new Lease(entry, entry.model.join());
    } catch (CompletionException e) {
      synchronized (entries) {
        entry.users--;
      }
      Throwable cause = Optional.ofNullable(e.getCause()).orElse(e);
      throw new IllegalArgumentException(
          "Cannot serve model %s: %s".formatted(path, cause.getMessage()), cause);
    }
  }

  private static boolean failedLongAgo(Entry entry) {
    return entry.model.isCompletedExceptionally()
        && System.nanoTime() - entry.failedAt > FAILURE_NANOS;
  }

  private void load(
      Entry entry, Path path, Configuration hadoop, OctavoConf conf, Placement placement) {
    boolean loaded = false;
    try (HuggingFaceFiles files = HuggingFaceFiles.open(path, hadoop)) {
      BackendChoice choice = Backends.installed().chooseOrBest(conf.backend());
      makeRoom(conf.serve().memory());
      long start = System.nanoTime();
      ServedModel model = ServedModel.load(files, conf.serve().engine(), choice.open(placement));
      if (model.bytes() > conf.serve().memory()) {
        long bytes = model.bytes();
        model.close();
        throw new IllegalArgumentException(
            "it takes %,d bytes with its cache, spark.octavo.serve.memory allows %,d; raise that, or lower spark.octavo.serve.cacheMemory"
                .formatted(bytes, conf.serve().memory()));
      }
      LOG.info(
          "serves {} on {}: {} MiB, loaded in {} ms",
          path,
          choice.explanation(),
          model.bytes() >> 20,
          (System.nanoTime() - start) / 1_000_000);
      entry.model.complete(model);
      loaded = true;
      makeRoom(conf.serve().memory());
    } catch (RuntimeException e) {
      entry.failedAt = System.nanoTime();
      entry.model.completeExceptionally(e);
      loaded = true;
    } finally {
      if (!loaded) {
        entry.failedAt = System.nanoTime();
        entry.model.completeExceptionally(
            new IllegalStateException("loading ended with an error, see the executor's log"));
      }
    }
  }

  /** Gives models without users back until the rest takes less than {@code memory}. */
  private void makeRoom(long memory) {
    List<ServedModel> leaving = new ArrayList<>();
    synchronized (entries) {
      long taken = 0;
      for (Entry entry : entries.values()) {
        taken += bytes(entry);
      }
      for (Iterator<Entry> all = entries.values().iterator(); all.hasNext() && taken > memory; ) {
        Entry entry = all.next();
        if (entry.users == 0 && bytes(entry) > 0) {
          taken -= bytes(entry);
          leaving.add(entry.model.join());
          all.remove();
        }
      }
    }
    leaving.forEach(ServedModel::close);
  }

  private static long bytes(Entry entry) {
    return entry.model.isDone() && !entry.model.isCompletedExceptionally()
        ? entry.model.join().bytes()
        : 0;
  }

  /** Models that are loaded. */
  public int size() {
    synchronized (entries) {
      return (int) entries.values().stream().filter(entry -> bytes(entry) > 0).count();
    }
  }

  /** Gives all models back, also those in use: the process ends or its application has. */
  public void close() {
    List<Entry> all;
    synchronized (entries) {
      all = new ArrayList<>(entries.values());
      entries.clear();
    }
    for (Entry entry : all) {
      if (bytes(entry) > 0) {
        entry.model.join().close();
      }
    }
  }
}
