package io.octavo.spark;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.spark.RankMessage.Failed;
import io.octavo.spark.RankMessage.Heartbeat;
import io.octavo.spark.RankMessage.Kind;
import io.octavo.spark.RankMessage.RankId;
import java.time.Duration;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;

class TestAttemptWatch {

  private static final OctavoConf CONF =
      OctavoConf.of(
          new SparkConf(false)
              .set("spark.octavo.training.heartbeatTimeout", "10s")
              .set("spark.octavo.training.firstStepTimeout", "60s"));

  private final AttemptWatch watch = new AttemptWatch(3, 2, CONF);

  @Test
  void nobodyIsLateBeforeTheStageHasStarted() {
    assertThat(watch.late(seconds(100_000))).isEmpty();
  }

  @Test
  void namesTheRankThatStandsStillAndNotTheOneThatWaitsForIt() {
    watch.accept(heartbeat(0, 7, 1, 11_000), seconds(100));
    watch.accept(heartbeat(1, 7, -1, 10_500), seconds(100));
    assertThat(watch.late(seconds(100)))
        .hasValue(
            "rank 1 on host h1 (executor e1, process 41) at step 8, phase step has made no progress"
                + " for 10.5 s (deadline 10.0 s): its thread is at somewhere");
  }

  @Test
  void namesTheRankThatOthersWaitForThoughTheyPassTheirDeadlineFirst() {
    watch.accept(heartbeat(0, 7, 1, 10_010), seconds(100));
    watch.accept(heartbeat(1, 7, -1, 9_990), seconds(100));
    assertThat(watch.late(seconds(100)).orElseThrow()).startsWith("rank 1 ");
  }

  @Test
  void namesOneOfTwoRanksThatWaitForEachOther() {
    watch.accept(heartbeat(0, 7, 1, 10_010), seconds(100));
    watch.accept(heartbeat(1, 7, 0, 9_990), seconds(100));
    assertThat(watch.late(seconds(100)).orElseThrow())
        .startsWith("rank 0 ")
        .endsWith("it waits for rank 1");
  }

  @Test
  void namesARankThatWaitsWhereNobodyElseIsLate() {
    watch.accept(heartbeat(0, 7, 1, 11_000), seconds(100));
    watch.accept(heartbeat(1, 7, -1, 0), seconds(100));
    assertThat(watch.late(seconds(100)).orElseThrow())
        .startsWith("rank 0 ")
        .endsWith("it waits for rank 1");
  }

  @Test
  void namesARankWhoseProcessNoLongerReports() {
    watch.accept(heartbeat(1, 7, 0, 0), seconds(100));
    watch.accept(heartbeat(0, 7, 1, 12_000), seconds(112));
    assertThat(watch.late(seconds(112)).orElseThrow())
        .startsWith("rank 1 ")
        .endsWith("its process no longer reports");
  }

  @Test
  void theFirstStepHasItsOwnDeadline() {
    watch.accept(heartbeat(0, 0, -1, 30_000), seconds(100));
    watch.accept(heartbeat(1, 0, -1, 0), seconds(100));
    assertThat(watch.late(seconds(100))).isEmpty();
    watch.accept(heartbeat(0, 0, -1, 61_000), seconds(131));
    assertThat(watch.late(seconds(131)).orElseThrow())
        .startsWith("rank 0 ")
        .contains("deadline 60.0 s");
  }

  @Test
  void namesARankThatHasNeverReported() {
    watch.accept(heartbeat(0, 0, -1, 0), seconds(100));
    watch.accept(heartbeat(0, 0, -1, 0), seconds(161));
    assertThat(watch.late(seconds(161)))
        .hasValue(
            "rank 1 has made no progress for 61.0 s (deadline 60.0 s): it has never reported");
  }

  @Test
  void messagesOfOtherAttemptsAreDropped() {
    Heartbeat stale =
        new Heartbeat(new RankId("run", 2, 0), "h", "e", 1, 1, 1, Phase.STEP, -1, 99_000, "");
    watch.accept(stale, seconds(100));
    assertThat(watch.late(seconds(100))).isEmpty();
  }

  @Test
  void theFailureThatOthersFollowedFromIsTold() {
    watch.accept(failed(0, true, "CollectiveException: rank 1 aborted"), seconds(1));
    watch.accept(failed(1, false, "IllegalStateException: boom"), seconds(2));
    assertThat(watch.failure().orElseThrow().error()).isEqualTo("IllegalStateException: boom");
  }

  private static Failed failed(int rank, boolean consequence, String error) {
    return new Failed(heartbeat(rank, 1, -1, 0), Kind.TRANSIENT, consequence, error);
  }

  private static Heartbeat heartbeat(int rank, long steps, int waitingFor, long idleMillis) {
    return new Heartbeat(
        new RankId("run", 3, rank),
        "h" + rank,
        "e" + rank,
        40 + rank,
        steps + 1,
        steps,
        Phase.STEP,
        waitingFor,
        idleMillis,
        "somewhere");
  }

  private static long seconds(long seconds) {
    return Duration.ofSeconds(seconds).toNanos();
  }
}
