package io.octavo.spark;

import io.octavo.collective.PeerCollective;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.spark.SparkEnv;
import org.apache.spark.storage.BlockManagerId;
import org.jspecify.annotations.Nullable;

/** What a rank does and since when. Its thread writes, its watchdog reads. */
final class RankProgress {

  private static final String OURS = "io.octavo.";

  private final RankMessage.RankId id;
  private final Thread thread;
  private final BlockManagerId place = SparkEnv.get().blockManager().blockManagerId();
  private final AtomicReference<@Nullable PeerCollective> collective = new AtomicReference<>();
  private volatile Phase phase = Phase.RENDEZVOUS;
  private volatile long step;
  private volatile long steps;
  private volatile long changedNanos = System.nanoTime();
  private long operations;

  /** Of the calling thread. */
  RankProgress(RankMessage.RankId id) {
    this.id = id;
    this.thread = Thread.currentThread();
  }

  void enter(Phase next) {
    phase = next;
    changedNanos = System.nanoTime();
  }

  void begin(long next) {
    step = next;
    enter(Phase.STEP);
  }

  void done() {
    steps = steps + 1;
    changedNanos = System.nanoTime();
  }

  /** Operations of {@code peers} count as progress from now on. */
  void follow(PeerCollective peers) {
    collective.set(peers);
  }

  /** The state now; called by one thread. */
  RankMessage.Heartbeat heartbeat() {
    Optional<PeerCollective> peers = Optional.ofNullable(collective.get());
    long now = peers.map(PeerCollective::operations).orElse(0L);
    if (now != operations) {
      operations = now;
      changedNanos = System.nanoTime();
    }
    long idleMillis = (System.nanoTime() - changedNanos) / 1_000_000;
    return new RankMessage.Heartbeat(
        id,
        place.host(),
        place.executorId(),
        ProcessHandle.current().pid(),
        step,
        steps,
        phase,
        peers.map(PeerCollective::waitingFor).orElse(-1),
        idleMillis,
        location());
  }

  /** The innermost frame of the rank's thread, and the innermost that is ours. */
  private String location() {
    StackTraceElement[] frames = thread.getStackTrace();
    if (frames.length == 0) {
      return "nowhere";
    }
    return Arrays.stream(frames)
        .filter(frame -> frame.getClassName().startsWith(OURS))
        .findFirst()
        .filter(frame -> frame != frames[0])
        .map(frame -> text(frames[0]) + " called from " + text(frame))
        .orElse(text(frames[0]));
  }

  private static String text(StackTraceElement frame) {
    return "%s.%s (%s:%d)"
        .formatted(
            frame.getClassName(),
            frame.getMethodName(),
            frame.getFileName(),
            frame.getLineNumber());
  }
}
