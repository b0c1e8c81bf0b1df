package io.octavo.spark.ml;

import io.octavo.cpu.CpuBackend;
import io.octavo.kernel.Backend;
import io.octavo.model.LoadedModel;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Models that this process has loaded, one copy each, shared by its tasks. The least recently used
 * is given back when another comes and none of its tasks is left.
 */
final class ExecutorModels {

  /**
   * Spark gives tasks of an executor nothing to share; a process is one executor, hence one of
   * these.
   */
  static final ExecutorModels PROCESS = new ExecutorModels();

  private static final int MOST = 2;

  private final Map<String, Entry> entries = new LinkedHashMap<>(4, 0.75f, true);

  /** A loaded model, lent until it is closed. */
  final class Entry implements AutoCloseable {
    private final Backend memory;
    private final LoadedModel model;
    private int users;

    private Entry(Backend memory, LoadedModel model) {
      this.memory = memory;
      this.model = model;
    }

    LoadedModel model() {
      return model;
    }

    @Override
    public void close() {
      synchronized (entries) {
        users--;
      }
    }

    private void free() {
      model.close();
      memory.close();
    }
  }

  /** The model of a directory, loaded where it is not; it is loaded again when its files change. */
  Entry lend(ModelDirectory directory) {
    String key = directory.fingerprint();
    synchronized (entries) {
      Entry entry = entries.get(key);
      if (entry == null) {
        makeRoom();
        entry = load(directory);
        entries.put(key, entry);
      }
      entry.users++;
      return entry;
    }
  }

  private void makeRoom() {
    var candidates = entries.values().iterator();
    while (entries.size() >= MOST && candidates.hasNext()) {
      Entry candidate = candidates.next();
      if (candidate.users == 0) {
        candidate.free();
        candidates.remove();
      }
    }
  }

  private Entry load(ModelDirectory directory) {
    Backend memory = new CpuBackend(1);
    try (ModelDirectory.OpenWeights weights = directory.open()) {
      return new Entry(memory, LoadedModel.load(directory.config(), weights, memory));
    }
  }
}
