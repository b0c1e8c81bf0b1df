package io.octavo.spark;

import io.octavo.spark.RankMessage.Failed;
import io.octavo.spark.RankMessage.Heartbeat;
import io.octavo.train.StepMetrics;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * The driver's view of an attempt. Spark's plugin thread puts messages in; the thread that runs the
 * training asks who is late and takes metrics out.
 *
 * <p>Clocks start with the first report of any rank, since the stage may wait for slots and
 * shuffles before. Every rank soon stands still when one does; the one to name is the one that does
 * not wait for another, or no longer reports at all.
 */
final class AttemptWatch {

  /** Missed reports after which a rank is silent. */
  private static final int SILENT_REPORTS = 5;

  private static final long NEVER = Long.MIN_VALUE;

  private record Sign(Heartbeat heartbeat, long nanos) {

    long idleMillis(long now) {
      return heartbeat.idleMillis() + (now - nanos) / 1_000_000;
    }
  }

  /** A rank that makes no progress. */
  private record Late(
      int rank, Optional<Heartbeat> last, long millis, long deadlineMillis, boolean silent) {

    boolean waits() {
      return !silent && last.isPresent() && last.get().waitingFor() >= 0;
    }

    String describe() {
      String who = last.map(Heartbeat::describe).orElse("rank %d".formatted(rank));
      String why =
          last.map(heartbeat -> silent ? "its process no longer reports" : where(heartbeat))
              .orElse("it has never reported");
      return "%s has made no progress for %.1f s (deadline %.1f s): %s"
          .formatted(who, millis / 1e3, deadlineMillis / 1e3, why);
    }

    private static String where(Heartbeat heartbeat) {
      return heartbeat.waitingFor() < 0
          ? "its thread is at " + heartbeat.location()
          : "it waits for rank " + heartbeat.waitingFor();
    }
  }

  private final int attempt;
  private final int ranks;
  private final OctavoConf conf;
  private final Map<Integer, Sign> signs = new ConcurrentHashMap<>();
  private final AtomicLong started = new AtomicLong(NEVER);
  private final Queue<StepMetrics> metrics = new ConcurrentLinkedQueue<>();
  private final Queue<Failed> failures = new ConcurrentLinkedQueue<>();

  AttemptWatch(int attempt, int ranks, OctavoConf conf) {
    this.attempt = attempt;
    this.ranks = ranks;
    this.conf = conf;
  }

  void accept(RankMessage message, long now) {
    if (message.from().attempt() != attempt) {
      return;
    }
    if (message instanceof Heartbeat heartbeat) {
      started.compareAndSet(NEVER, now);
      signs.put(heartbeat.from().rank(), new Sign(heartbeat, now));
    } else if (message instanceof RankMessage.StepDone done) {
      metrics.add(done.metrics());
    } else if (message instanceof Failed failed) {
      failures.add(failed);
    }
  }

  /** Gives metrics that have come since the last call. */
  void drain(Consumer<StepMetrics> reader) {
    for (StepMetrics next = metrics.poll(); next != null; next = metrics.poll()) {
      reader.accept(next);
    }
  }

  /** The failure that the others followed from; empty where no rank has told of one. */
  Optional<Failed> failure() {
    List<Failed> all = List.copyOf(failures);
    return all.stream()
        .filter(failed -> !failed.consequence())
        .findFirst()
        .or(() -> all.stream().findFirst());
  }

  /**
   * Names the rank that has made no progress for longer than its deadline, and says where it is.
   */
  Optional<String> late(long now) {
    if (started.get() == NEVER) {
      return Optional.empty();
    }
    return IntStream.range(0, ranks)
        .mapToObj(rank -> state(rank, now))
        .filter(late -> late.millis() > late.deadlineMillis())
        .min(Comparator.comparing(Late::waits).thenComparing(late -> -late.millis()))
        .map(late -> culprit(late, now).describe());
  }

  /** What a rank reported last. */
  Optional<Heartbeat> last(int rank) {
    return Optional.ofNullable(signs.get(rank)).map(Sign::heartbeat);
  }

  /**
   * The rank that {@code late} waits for, where that one stands still as well: those who wait can
   * pass their deadline a moment earlier.
   */
  private Late culprit(Late late, long now) {
    Late culprit = late;
    for (int i = 0; i < ranks && culprit.waits(); i++) {
      Late awaited = state(culprit.last().orElseThrow().waitingFor(), now);
      if (awaited.millis() < awaited.deadlineMillis() / 2) {
        return culprit;
      }
      culprit = awaited;
    }
    return culprit.waits() ? late : culprit;
  }

  private Late state(int rank, long now) {
    Optional<Sign> sign = Optional.ofNullable(signs.get(rank));
    long millis = sign.map(last -> last.idleMillis(now)).orElse((now - started.get()) / 1_000_000);
    boolean stepped = sign.filter(last -> last.heartbeat().steps() > 0).isPresent();
    Duration deadline = stepped ? conf.heartbeatTimeout() : conf.firstStepTimeout();
    long silence = conf.heartbeatInterval().toMillis() * SILENT_REPORTS;
    boolean silent = sign.map(last -> (now - last.nanos()) / 1_000_000 > silence).orElse(true);
    return new Late(rank, sign.map(Sign::heartbeat), millis, deadline.toMillis(), silent);
  }
}
