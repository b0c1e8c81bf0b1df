package io.octavo.spark;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.collective.Collective;
import io.octavo.reference.ReferenceBackend;
import io.octavo.tensor.Buffer;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Ranks as processes, with authentication and AES encryption between them. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TestExecutors {

  private static final int RANKS = 2;

  private JavaSparkContext spark;

  @BeforeAll
  void startSpark() {
    SparkConf conf =
        LocalCluster.conf(RANKS)
            .set("spark.authenticate", "true")
            .set("spark.authenticate.secret", "a secret of the test")
            .set("spark.network.crypto.enabled", "true")
            .set("spark.octavo.training.heartbeatInterval", "100ms")
            .set("spark.octavo.training.heartbeatTimeout", "3s")
            .set("spark.octavo.training.firstStepTimeout", "30s");
    spark = new JavaSparkContext(conf);
  }

  @AfterAll
  void stopSpark() {
    spark.stop();
  }

  /** What a rank saw: its process, the gathered vector and its shard of the sum. */
  record Seen(long pid, float[] gathered, float[] sum, long sent) implements java.io.Serializable {}

  /** Gathers and sums vectors of several messages. */
  record Exchange(int elements) implements RankBody<Integer, Seen> {

    @Override
    public Seen run(RankContext context, Iterator<Integer> samples) {
      try (ReferenceBackend backend = new ReferenceBackend();
          Buffer memory = backend.allocate(4L * elements * (1 + 2 * context.worldSize()))) {
        Collective collective = context.collective(backend);
        int whole = elements * context.worldSize();
        Tensor shard = tensor(memory, 0, elements);
        Tensor full = tensor(memory, elements, whole);
        Tensor gradient = tensor(memory, elements + whole, whole);
        HostBuffer.of(shard).put(values(elements, context.rank()));
        HostBuffer.of(gradient).put(values(whole, 10 + context.rank()));
        collective.allGather(shard, full);
        collective.reduceScatterAdd(gradient, shard);
        return new Seen(
            ProcessHandle.current().pid(),
            HostBuffer.of(full).toFloats(),
            HostBuffer.of(shard).toFloats(),
            collective.bytesSent());
      }
    }

    private static Tensor tensor(Buffer memory, long from, int count) {
      return new Tensor(Shape.of(count), memory.window(DataType.F32, from * Float.BYTES, count));
    }
  }

  @Test
  void gathersAndSumsAcrossEncryptedConnections() {
    int elements = 700_001;
    List<Seen> ranks = job(new Recorder(), new Exchange(elements), 0);
    assertThat(ranks.stream().map(Seen::pid).distinct()).hasSize(RANKS);
    float[] gathered = new float[RANKS * elements];
    for (int rank = 0; rank < RANKS; rank++) {
      System.arraycopy(values(elements, rank), 0, gathered, rank * elements, elements);
    }
    for (int rank = 0; rank < RANKS; rank++) {
      assertThat(Arrays.equals(ranks.get(rank).gathered(), gathered)).isTrue();
      assertThat(Arrays.equals(ranks.get(rank).sum(), expectedSum(rank, elements))).isTrue();
      assertThat(ranks.get(rank).sent()).isEqualTo(2L * elements * Float.BYTES);
    }
  }

  private static float[] expectedSum(int rank, int elements) {
    float[] shard = values(elements, rank);
    float[] zero = values(RANKS * elements, 10);
    float[] one = values(RANKS * elements, 11);
    for (int i = 0; i < elements; i++) {
      shard[i] += zero[rank * elements + i] + one[rank * elements + i];
    }
    return shard;
  }

  @Test
  void trainingGoesOnAfterAnExecutorIsKilled() {
    Recorder recorder = new Recorder();
    StepLoop body =
        new StepLoop(
            6,
            (context, step) -> {
              if (context.attempt() == 0 && context.rank() == 1 && step == 4) {
                Runtime.getRuntime().halt(137);
              }
            });
    long start = System.nanoTime();
    List<ArrayList<Long>> results = job(recorder, body, 2);
    assertThat(results).allSatisfy(r -> assertThat(r).containsExactly(3L, 4L, 5L, 6L));
    assertThat(recorder.starts).containsExactly(0L, 2L);
    assertThat(recorder.losses).containsExactly(1.0, 2.0, 3.0, 3.0, 4.0, 5.0, 6.0);
    assertThat(recorder.failures).hasSize(1);
    assertThat(recorder.failures.get(0))
        .startsWith("rank 1 on host ")
        .contains(", is lost: ExecutorLostFailure")
        .contains("code 137");
    assertThat((System.nanoTime() - start) / 1e9).isLessThan(60);
  }

  @Test
  void aHungRankIsNamedAndReplaced() {
    Recorder recorder = new Recorder();
    StepLoop body =
        new StepLoop(
            3,
            (context, step) -> {
              if (context.attempt() == 0 && context.rank() == 1 && step == 2) {
                Thread.sleep(60_000);
              }
            });
    job(recorder, body, 1);
    assertThat(recorder.failures).hasSize(1);
    assertThat(recorder.failures.get(0))
        .startsWith("rank 1 on host ")
        .contains("(executor ")
        .contains("at step 2, phase step has made no progress for")
        .contains("deadline 3.0 s");
  }

  private static float[] values(int elements, int seed) {
    float[] values = new float[elements];
    IntStream.range(0, elements).forEach(i -> values[i] = (float) Math.sin(i * 0.37 + seed));
    return values;
  }

  private <R> List<R> job(Recorder recorder, RankBody<Integer, R> body, long restartStep) {
    BarrierTrainingJob<Integer, R> job =
        new BarrierTrainingJob<>(spark.sc(), OctavoConf.of(spark.getConf()), RANKS, recorder);
    job.preflight().run();
    return job.run(
        attempt ->
            new AttemptPlan<>(
                attempt == 0 ? 0 : restartStep, spark.parallelize(List.of(0, 1), RANKS)),
        body);
  }
}
