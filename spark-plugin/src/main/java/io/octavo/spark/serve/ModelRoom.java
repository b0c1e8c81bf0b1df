package io.octavo.spark.serve;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who is in memory. A model enters where all that are in, used or not, leave it room; those without
 * users go for it, the longest unused first. Else it waits until others have no users any more.
 * Nobody waits with a model in hand, so nobody waits for the other.
 */
final class ModelRoom {

  private static final Logger LOG = LoggerFactory.getLogger(ModelRoom.class);

  private static final long POLL_MILLIS = 100;

  /** All that can be found, the longest unused first. */
  private final Map<ModelKey, CachedModel> models = new LinkedHashMap<>(4, 0.75f, true);

  /** Those that cannot be found any more and still take memory. */
  private final Set<CachedModel> leaving = new LinkedHashSet<>();

  /** The model of a key, {@code mine} where there is none that can be used. */
  synchronized CachedModel findOrPut(ModelKey key, CachedModel mine) {
    CachedModel there = models.get(key);
    if (there != null && !there.failedLongAgo() && !there.ended()) {
      return there;
    }
    if (there != null) {
      leaving.add(there);
    }
    models.put(key, mine);
    return mine;
  }

  /**
   * Takes models in use, all or none.
   *
   * @param memory bytes for all models
   * @param deadline by {@link System#nanoTime}
   * @return those that the caller must load; empty where one of them has gone meanwhile
   * @throws IllegalArgumentException where they do not fit, alone or beside those in use
   */
  Optional<List<CachedModel>> enter(List<CachedModel> wanted, long memory, long deadline) {
    requireFits(wanted, memory);
    boolean waits = false;
    while (true) {
      synchronized (this) {
        if (!models.values().containsAll(wanted)) {
          return Optional.empty();
        }
        long needed = wanted.stream().filter(m -> !m.admitted).mapToLong(CachedModel::size).sum();
        if (taken() + needed <= memory) {
          List<CachedModel> fresh = wanted.stream().filter(model -> !model.admitted).toList();
          fresh.forEach(model -> model.admitted = true);
          wanted.forEach(model -> model.users++);
          return Optional.of(fresh);
        }
        if (!makeRoom(memory - needed, wanted)) {
          if (!waits) {
            LOG.info(
                "{} waits for {} bytes: {} of {} are taken by models in use ({})",
                names(wanted),
                needed,
                taken(),
                memory,
                names(inUse()));
          }
          waits = true;
          await(wanted, needed, memory, deadline);
        }
      }
      sweep();
    }
  }

  private static void requireFits(List<CachedModel> wanted, long memory) {
    long alone = wanted.stream().mapToLong(CachedModel::size).sum();
    if (alone > memory) {
      throw new IllegalArgumentException(
          "Cannot serve %s: %,d bytes with caches are needed, spark.octavo.serve.memory allows %,d; raise that, or lower spark.octavo.serve.cacheMemory"
              .formatted(names(wanted), alone, memory));
    }
  }

  /** Memory of all models, and of those that are to be loaded. */
  private long taken() {
    return bytes(models.values()) + bytes(leaving);
  }

  private static long bytes(Collection<CachedModel> models) {
    return models.stream().mapToLong(CachedModel::bytes).sum();
  }

  /**
   * Lets idle models go where that makes them fit; whether there is something to {@link #sweep}.
   */
  private boolean makeRoom(long target, List<CachedModel> wanted) {
    List<CachedModel> idle =
        models.values().stream()
            .filter(m -> m.loaded() && m.users == 0 && !wanted.contains(m))
            .toList();
    List<CachedModel> going =
        new ArrayList<>(leaving.stream().filter(model -> model.users == 0).toList());
    long left = taken() - bytes(going);
    if (left - bytes(idle) > target) {
      return false;
    }
    for (CachedModel model : idle) {
      if (left > target) {
        left -= model.bytes();
        going.add(model);
        leaving.add(model);
        models.values().remove(model);
      }
    }
    return going.stream().anyMatch(model -> !model.closing);
  }

  private void await(List<CachedModel> wanted, long needed, long memory, long deadline) {
    if (System.nanoTime() > deadline) {
      throw new IllegalArgumentException(
          "Cannot serve %s: %,d bytes with caches are needed, %,d of the %,d that spark.octavo.serve.memory allows are taken by models in use (%s) for longer than spark.octavo.serve.memoryTimeout; raise the memory, or run such queries one after the other"
              .formatted(names(wanted), needed, taken(), memory, names(inUse())));
    }
    TaskContext task = TaskContext.get();
    try {
      wait(POLL_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TaskKilledException("interrupted while it waited for room for a model");
    }
    if (task != null && task.isInterrupted()) {
      throw new TaskKilledException("killed while it waited for room for a model");
    }
  }

  private List<CachedModel> inUse() {
    List<CachedModel> all = new ArrayList<>(models.values());
    all.addAll(leaving);
    return all.stream().filter(model -> model.bytes() > 0).toList();
  }

  private static String names(List<CachedModel> models) {
    return models.stream()
        .map(model -> model.directory().toString())
        .collect(Collectors.joining(", "));
  }

  /** Ends the use that {@link #enter} began. */
  void leave(Collection<CachedModel> used) {
    synchronized (this) {
      used.forEach(model -> model.users--);
      notifyAll();
    }
    sweep();
  }

  /** Closes those that leave and have no users; without the lock, for engines end slowly. */
  private void sweep() {
    List<CachedModel> gone;
    synchronized (this) {
      gone = leaving.stream().filter(model -> model.users == 0 && !model.closing).toList();
      gone.forEach(model -> model.closing = true);
    }
    gone.forEach(CachedModel::close);
    synchronized (this) {
      gone.forEach(leaving::remove);
      notifyAll();
    }
  }

  /** Models that are loaded and can be found. */
  synchronized int loaded() {
    return (int) models.values().stream().filter(CachedModel::loaded).count();
  }

  /** Closes all, also those in use. */
  void close() {
    List<CachedModel> all;
    synchronized (this) {
      all = new ArrayList<>(models.values());
      all.addAll(leaving.stream().filter(model -> !model.closing).toList());
      models.clear();
      leaving.clear();
    }
    all.forEach(CachedModel::close);
  }
}
