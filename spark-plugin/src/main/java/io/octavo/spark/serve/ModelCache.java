package io.octavo.spark.serve;

import io.octavo.kernel.Placement;
import io.octavo.serve.ServedModel;
import io.octavo.spark.OctavoConf;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * The models of this process. The first task that asks for one loads it while the others wait; a
 * directory that cannot be served is said so to all of them for a while, without reading it again.
 * Files of other content make another model, and one whose engine has died is loaded anew.
 *
 * <p>All models together, those in use too, stay within the memory that is set: see {@link
 * ModelRoom}.
 */
public final class ModelCache {

  /** A process is one executor: Spark gives its tasks nothing else to share. */
  public static final ModelCache PROCESS = new ModelCache();

  private final DirectoryVersions versions = new DirectoryVersions();
  private final ModelRoom room = new ModelRoom();

  /** Models, lent until they are given back. */
  public final class Lease implements AutoCloseable {
    private final Map<String, CachedModel> lent;
    private boolean returned;

    private Lease(Map<String, CachedModel> lent) {
      this.lent = lent;
    }

    /** The model of one of the directories that were asked for. */
    public ServedModel model(String directory) {
      return Optional.ofNullable(lent.get(directory)).orElseThrow().model();
    }

    @Override
    public synchronized void close() {
      if (!returned) {
        returned = true;
        room.leave(lent.values());
      }
    }
  }

  /**
   * The models of directories: all that a task will ask, since one that waits for room must not
   * hold others.
   *
   * @param placement where a model computes that is not loaded yet
   * @throws IllegalArgumentException where one cannot be served, with the reason
   */
  public Lease lend(
      Set<String> directories, OctavoConf conf, Configuration hadoop, Placement placement) {
    long deadline = System.nanoTime() + conf.serve().memoryTimeout().toNanos();
    while (true) {
      Map<String, CachedModel> wanted = new LinkedHashMap<>();
      for (String directory : directories) {
        wanted.put(directory, naming(directory, () -> find(directory, conf, hadoop)));
      }
      wanted.forEach((directory, model) -> naming(directory, model::size));
      Optional<List<CachedModel>> entered =
          room.enter(new ArrayList<>(wanted.values()), conf.serve().memory(), deadline);
      if (entered.isPresent()) {
        return load(new Lease(wanted), entered.get(), placement);
      }
    }
  }

  private static Lease load(Lease lease, List<CachedModel> fresh, Placement placement) {
    boolean loaded = false;
    try {
      fresh.forEach(model -> model.load(placement));
      lease.lent.forEach((directory, model) -> naming(directory, model::model));
      loaded = true;
      return lease;
    } finally {
      if (!loaded) {
        fresh.forEach(CachedModel::abandon);
        lease.close();
      }
    }
  }

  private CachedModel find(String path, OctavoConf conf, Configuration hadoop) {
    try {
      Path given = new Path(path);
      Path directory = given.getFileSystem(hadoop).makeQualified(given);
      ModelKey key = new ModelKey(directory, versions.of(directory, hadoop), conf);
      CachedModel mine = new CachedModel(directory, hadoop, conf);
      CachedModel found = room.findOrPut(key, mine);
      if (found == mine) {
        mine.measure();
      }
      return found;
    } catch (IOException e) {
      throw new UncheckedIOException(String.valueOf(e.getMessage()), e);
    }
  }

  private static <T> T naming(String directory, Supplier<T> work) {
    try {
      return work.get();
    } catch (CompletionException | UncheckedIOException | IllegalArgumentException e) {
      Throwable cause =
          e instanceof CompletionException ? Optional.ofNullable(e.getCause()).orElse(e) : e;
      throw new IllegalArgumentException(
          "Cannot serve model %s: %s".formatted(directory, cause.getMessage()), cause);
    }
  }

  /** Models that are loaded. */
  public int size() {
    return room.loaded();
  }

  /** Gives all models back, also those in use: the process ends or its application has. */
  public void close() {
    room.close();
  }
}
