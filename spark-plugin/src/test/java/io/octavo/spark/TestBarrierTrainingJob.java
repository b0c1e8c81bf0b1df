package io.octavo.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.octavo.train.TrainingDivergedException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Ranks as threads of local mode; {@code TestExecutors} has them as processes. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TestBarrierTrainingJob {

  private static final int RANKS = 2;

  private JavaSparkContext spark;

  @BeforeAll
  void startSpark() {
    spark =
        new JavaSparkContext(
            LocalCluster.threads(RANKS)
                .set("spark.octavo.training.heartbeatInterval", "100ms")
                .set("spark.octavo.training.heartbeatTimeout", "2s")
                .set("spark.octavo.training.firstStepTimeout", "20s")
                .set("spark.octavo.training.slotTimeout", "1s"));
  }

  @AfterAll
  void stopSpark() {
    spark.stop();
  }

  @Test
  void ranksReturnResultsByRankAndTheDriverGetsEveryStep() {
    Recorder recorder = new Recorder();
    List<ArrayList<Long>> results = run(recorder, new StepLoop(5, (context, step) -> {}), 0);
    assertThat(results)
        .hasSize(RANKS)
        .allSatisfy(r -> assertThat(r).containsExactly(1L, 2L, 3L, 4L, 5L));
    assertThat(recorder.losses).containsExactly(1.0, 2.0, 3.0, 4.0, 5.0);
    assertThat(recorder.failures).isEmpty();
  }

  @Test
  void anAttemptStartsWhereThePlannerSays() {
    Recorder recorder = new Recorder();
    StepLoop body =
        new StepLoop(
            6,
            (context, step) -> {
              if (context.attempt() == 0 && context.rank() == 1 && step == 4) {
                throw new IOException("disk on fire");
              }
            });
    List<ArrayList<Long>> results = run(recorder, body, 2);
    assertThat(results.get(1)).containsExactly(3L, 4L, 5L, 6L);
    assertThat(recorder.starts).containsExactly(0L, 2L);
    assertThat(recorder.failures).hasSize(1);
    assertThat(recorder.failures.get(0))
        .startsWith("rank 1 on host ")
        .contains("at step 4, phase step")
        .endsWith("failed: IOException: disk on fire");
  }

  @Test
  void aHungRankIsNamedWithinItsDeadline() {
    Recorder recorder = new Recorder();
    long start = System.nanoTime();
    StepLoop body =
        new StepLoop(
            3,
            (context, step) -> {
              if (context.attempt() == 0 && context.rank() == 1 && step == 2) {
                Thread.sleep(60_000);
              }
            });
    run(recorder, body, 1);
    assertThat(recorder.failures).hasSize(1);
    assertThat(recorder.failures.get(0))
        .startsWith("rank 1 on host ")
        .contains("at step 2, phase step has made no progress for")
        .contains("deadline 2.0 s")
        .contains("sleep")
        .contains("called from io.octavo.spark.TestBarrierTrainingJob");
    assertThat((System.nanoTime() - start) / 1e9).isLessThan(20);
  }

  @Test
  void theSameFailureTwiceEndsTheRun() {
    Recorder recorder = new Recorder();
    StepLoop body =
        new StepLoop(
            3,
            (context, step) -> {
              throw new IllegalStateException("boom");
            });
    assertThatThrownBy(() -> run(recorder, body, 0))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("the same failure came twice")
        .hasMessageContaining("IllegalStateException: boom");
    assertThat(recorder.starts).hasSize(2);
  }

  @Test
  void aDivergedLossIsNotTriedAgain() {
    Recorder recorder = new Recorder();
    StepLoop body =
        new StepLoop(
            3,
            (context, step) -> {
              throw new TrainingDivergedException("loss is NaN at step " + step);
            });
    assertThatThrownBy(() -> run(recorder, body, 0))
        .isInstanceOf(TrainingDivergedException.class)
        .hasMessageContaining("loss is NaN at step 1");
    assertThat(recorder.starts).hasSize(1);
  }

  @Test
  void samplesMustHaveOnePartitionARank() {
    BarrierTrainingJob<Integer, ArrayList<Long>> job = job(new Recorder());
    assertThatThrownBy(
            () ->
                job.run(
                    attempt -> new AttemptPlan<>(0, spark.parallelize(List.of(1, 2, 3), 3)),
                    new StepLoop(1, (context, step) -> {})))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("Cannot feed 2 ranks from 3 partitions: there must be one a rank");
  }

  @Test
  void preflightNamesTooFewSlotsAndTheSettingsToChange() {
    BarrierTrainingJob<Integer, ArrayList<Long>> job =
        new BarrierTrainingJob<>(spark.sc(), conf(), 3, new Recorder());
    assertThatThrownBy(() -> job.preflight().run())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "Cannot train: 3 ranks need 3 task slots and the cluster has 2 (1 executors,"
                + " spark.task.cpus is 1), so set numWorkers=2 or raise spark.executor.instances");
  }

  @Test
  void preflightNamesDynamicAllocationAndTheSettingsToChange() {
    SparkConf live = spark.sc().conf();
    live.set("spark.dynamicAllocation.enabled", "true");
    try {
      BarrierTrainingJob<Integer, ArrayList<Long>> job = job(new Recorder());
      assertThatThrownBy(() -> job.preflight().run())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "Cannot train: dynamic allocation cannot hold a gang of ranks, so set"
                  + " spark.dynamicAllocation.enabled=false and spark.executor.instances");
    } finally {
      live.remove("spark.dynamicAllocation.enabled");
    }
  }

  @Test
  void preflightTellsAllProblemsAtOnce() {
    Preflight preflight = job(new Recorder()).preflight();
    preflight.run();
    preflight
        .add(() -> java.util.Optional.of("the path is not writable, so set checkpointPath"))
        .add(() -> java.util.Optional.of("there are no rows, so give some"));
    assertThatThrownBy(preflight::run)
        .hasMessage(
            "Cannot train: the path is not writable, so set checkpointPath; there are no rows, so"
                + " give some");
  }

  @Test
  void propertiesOfTheCallersJobsStayAsTheyWere() {
    spark.setJobGroup("mine", "my job");
    run(new Recorder(), new StepLoop(1, (context, step) -> {}), 0);
    assertThat(spark.getLocalProperty("spark.job.description")).isEqualTo("my job");
    assertThat(spark.getLocalProperty("spark.job.interruptOnCancel")).isEqualTo("false");
    spark.clearJobGroup();
  }

  @Test
  void thePluginSetsWhatGangSchedulingNeeds() {
    assertThat(spark.getConf().get("spark.task.reaper.enabled")).isEqualTo("true");
    assertThat(spark.getConf().get("spark.barrier.sync.timeout")).isEqualTo("300");
    assertThat(spark.getConf().get("spark.scheduler.barrier.maxConcurrentTasksCheck.interval"))
        .isEqualTo("1s");
  }

  private List<ArrayList<Long>> run(Recorder recorder, StepLoop body, long restartStep) {
    return job(recorder)
        .run(
            attempt ->
                new AttemptPlan<>(
                    attempt == 0 ? 0 : restartStep, spark.parallelize(List.of(0, 1), RANKS)),
            body);
  }

  private BarrierTrainingJob<Integer, ArrayList<Long>> job(Recorder recorder) {
    return new BarrierTrainingJob<>(spark.sc(), conf(), RANKS, recorder);
  }

  private OctavoConf conf() {
    return OctavoConf.of(spark.getConf());
  }
}
