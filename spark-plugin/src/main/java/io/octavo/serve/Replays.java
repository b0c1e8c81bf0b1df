package io.octavo.serve;

import io.octavo.kernel.Backend;
import io.octavo.kernel.Replay;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Work that comes again and again with the same extents. The first time it is given as it is, and
 * makes what it needs; the second time it is captured; from then on it is replayed.
 */
final class Replays implements AutoCloseable {

  private final Backend backend;
  private final Set<StepExtent> seen = new HashSet<>();
  private final Map<StepExtent, Replay> captured = new HashMap<>();

  Replays(Backend backend) {
    this.backend = backend;
  }

  /** Gives {@code work}, which is the same for equal extents. */
  void run(StepExtent extent, Runnable work) {
    Replay known = captured.get(extent);
    if (known != null) {
      known.run();
    } else if (seen.add(extent)) {
      work.run();
    } else {
      captured.put(extent, backend.capture(work));
    }
  }

  @Override
  public void close() {
    captured.values().forEach(Replay::close);
  }
}
