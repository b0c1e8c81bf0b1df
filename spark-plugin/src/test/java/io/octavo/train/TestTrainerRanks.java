package io.octavo.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.octavo.checkpoint.Checkpoint;
import io.octavo.checkpoint.CheckpointDirectory;
import io.octavo.checkpoint.CheckpointWriter;
import io.octavo.collective.Collective;
import io.octavo.collective.InProcessTransport;
import io.octavo.collective.LocalCollective;
import io.octavo.collective.PeerCollective;
import io.octavo.cpu.CpuBackend;
import io.octavo.kernel.Backend;
import io.octavo.kernel.Planning;
import io.octavo.model.ModelConfig;
import io.octavo.model.RopeScaling;
import io.octavo.model.WeightSource;
import io.octavo.optim.AdamWConfig;
import io.octavo.optim.LearningRateSchedule;
import io.octavo.optim.MomentFormat;
import io.octavo.quant.RandomStream;
import io.octavo.quant.Recipe;
import io.octavo.tensor.HostBuffer;
import java.nio.IntBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ranks as threads: the same losses whatever their number, also across checkpoints. */
class TestTrainerRanks {

  private static final int GLOBAL_BATCH = 8;
  private static final int TIME = 24;
  private static final int VOCABULARY = 96;
  private static final int END_OF_TEXT = 95;

  @TempDir Path directory;

  /** Tied head, biases and shared key/value heads: every branch of the model. */
  private static final ModelConfig MODEL =
      new ModelConfig(
          VOCABULARY,
          48,
          80,
          2,
          4,
          2,
          12,
          64,
          1e-5f,
          10_000,
          new RopeScaling.Default(),
          true,
          true,
          true,
          0.05f);

  private static TrainConfig config(Recipe recipe, MomentFormat moments, int micro) {
    return new TrainConfig(
        recipe,
        moments,
        AdamWConfig.defaults(3e-3f),
        new LearningRateSchedule.WarmupCosine(5, 50, 0.1),
        TIME,
        GLOBAL_BATCH,
        micro,
        50,
        11);
  }

  /** Samples of a step; markers of document ends among them. */
  private static int[] samples(long step) {
    Random random = new Random(step);
    int[] tokens = new int[GLOBAL_BATCH * (TIME + 1)];
    Arrays.setAll(
        tokens,
        i -> {
          int near = i == 0 ? 0 : tokens[i - 1];
          boolean follows = random.nextInt(4) > 0;
          return follows ? (near * 5 + 3) % END_OF_TEXT : random.nextInt(VOCABULARY);
        });
    return tokens;
  }

  /** One rank: starts or resumes, then trains to {@code to}. */
  private List<Double> train(
      Backend backend, Collective collective, TrainConfig config, long from, long to) {
    List<Double> losses = new ArrayList<>();
    int share = GLOBAL_BATCH / collective.worldSize();
    CheckpointDirectory checkpoints =
        new CheckpointDirectory(directory.toUri().toString(), new Configuration());
    try (Trainer trainer = new Trainer(MODEL, config, backend, collective, END_OF_TEXT);
        CheckpointWriter writer =
            new CheckpointWriter(
                checkpoints,
                backend,
                collective.rank(),
                collective.worldSize(),
                "test" + collective.worldSize(),
                10)) {
      trainer.initialize();
      if (from > 0) {
        Checkpoint checkpoint = checkpoints.latest().orElseThrow();
        assertThat(checkpoint.manifest().step()).isEqualTo(from);
        checkpoint.restore(trainer.stateShards(), backend);
        trainer.restored(from);
      }
      for (long step = from + 1; step <= to; step++) {
        IntBuffer mine =
            IntBuffer.wrap(
                samples(step), collective.rank() * share * (TIME + 1), share * (TIME + 1));
        losses.add(trainer.step(new StepBatch(step, mine.slice(), share)).loss());
      }
      if (to < config.steps()) {
        writer.write(to, trainer.stateShards(), Map.of());
        writer.flush();
      }
    }
    return losses;
  }

  private List<Double> run(int ranks, TrainConfig config, long from, long to) {
    if (ranks == 1) {
      try (Backend backend = new CpuBackend(1)) {
        return train(backend, new LocalCollective(backend), config, from, to);
      }
    }
    ExecutorService threads = Executors.newFixedThreadPool(ranks);
    List<CompletableFuture<List<Double>>> futures = new ArrayList<>();
    for (InProcessTransport transport : InProcessTransport.connect(ranks)) {
      Supplier<List<Double>> rank =
          () -> {
            try (Backend backend = new CpuBackend(1);
                Collective collective =
                    new PeerCollective(transport, backend, Duration.ofSeconds(60))) {
              return train(backend, collective, config, from, to);
            }
          };
      futures.add(CompletableFuture.supplyAsync(rank, threads));
    }
    List<List<Double>> all = futures.stream().map(CompletableFuture::join).toList();
    threads.shutdown();
    assertThat(all).allSatisfy(losses -> assertThat(losses).isEqualTo(all.get(0)));
    return all.get(0);
  }

  @ParameterizedTest
  @CsvSource({"2,4", "4,2", "4,1", "1,2"})
  void anyNumberOfRanksGivesTheSameLosses(int ranks, int micro) {
    TrainConfig whole = config(new Recipe.Fp32(), MomentFormat.FP32, GLOBAL_BATCH);
    List<Double> expected = run(1, whole, 0, 50);
    List<Double> losses = run(ranks, config(new Recipe.Fp32(), MomentFormat.FP32, micro), 0, 50);

    assertThat(expected.get(49)).isLessThan(expected.get(0) * 0.8);
    for (int step = 0; step < 50; step++) {
      assertThat(losses.get(step))
          .as("step %d", step + 1)
          .isCloseTo(expected.get(step), within(1e-5 * expected.get(step)));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "FP32,2,7",
    "BF16,2,7",
    "FP8,2,7",
    "FP8,1,1",
    "FP8,2,13",
    "FP8,4,28",
    "FP32,4,49",
    "BF16,1,26"
  })
  void resumesBitForBitOnTheSameRanks(MomentFormat moments, int ranks, int stop) {
    TrainConfig config = config(new Recipe.Tensorwise(), moments, 2);
    List<Double> uninterrupted = run(ranks, config, 0, 50);
    run(ranks, config, 0, stop);

    assertThat(run(ranks, config, stop, 50)).isEqualTo(uninterrupted.subList(stop, 50));
  }

  /** What delayed scales are taken from is state as weights and moments are. */
  @ParameterizedTest
  @CsvSource({"1,7", "2,7", "2,26"})
  void resumesDelayedScalesBitForBit(int ranks, int stop) {
    TrainConfig config = config(new Recipe.Delayed(), MomentFormat.FP32, 2);
    List<Double> uninterrupted = run(ranks, config, 0, 50);
    run(ranks, config, 0, stop);

    assertThat(run(ranks, config, stop, 50)).isEqualTo(uninterrupted.subList(stop, 50));
  }

  @Test
  void evaluatingLeavesNoTraceInDelayedScales() {
    List<Double> apart = delayed(Integer.MAX_VALUE);
    assertThat(delayed(1)).isEqualTo(apart);
    assertThat(delayed(3)).isEqualTo(apart);
  }

  /** Losses of training that evaluates after every {@code each} steps. */
  private static List<Double> delayed(int each) {
    TrainConfig config = config(new Recipe.Delayed(), MomentFormat.FP32, 2);
    List<Double> losses = new ArrayList<>();
    try (Backend backend = new CpuBackend(1);
        Trainer trainer =
            new Trainer(MODEL, config, backend, new LocalCollective(backend), END_OF_TEXT)) {
      trainer.initialize();
      for (int step = 1; step <= 12; step++) {
        IntBuffer tokens = IntBuffer.wrap(samples(step));
        losses.add(trainer.step(new StepBatch(step, tokens, GLOBAL_BATCH)).loss());
        if (step % each == 0) {
          assertThat(trainer.evaluate(IntBuffer.wrap(samples(99)), 3)).isFinite();
        }
      }
    }
    return losses;
  }

  /** The step before has cast the weights that it made; these are others. */
  @ParameterizedTest
  @CsvSource({"tensorwise", "rowwise", "deepseek", "bf16"})
  void weightsGivenBetweenStepsAreCastBeforeTheNext(String recipe) {
    TrainConfig config = config(Recipe.of(recipe), MomentFormat.FP32, GLOBAL_BATCH);
    WeightSource other =
        (parameter, from, target) -> {
          RandomStream random = new RandomStream(5, parameter.name().hashCode());
          for (int i = 0; target.hasRemaining(); i++) {
            target.put((float) random.normal(from + i) * 0.1f);
          }
        };
    try (Backend backend = new CpuBackend(1);
        Trainer trainer =
            new Trainer(MODEL, config, backend, new LocalCollective(backend), END_OF_TEXT);
        Trainer fresh =
            new Trainer(MODEL, config, backend, new LocalCollective(backend), END_OF_TEXT)) {
      trainer.initialize();
      for (int step = 1; step <= 2; step++) {
        trainer.step(new StepBatch(step, IntBuffer.wrap(samples(step)), GLOBAL_BATCH));
      }
      trainer.load(other);
      fresh.load(other);
      fresh.restored(2);
      double loss = trainer.step(new StepBatch(3, IntBuffer.wrap(samples(3)), GLOBAL_BATCH)).loss();
      double alone = fresh.step(new StepBatch(3, IntBuffer.wrap(samples(3)), GLOBAL_BATCH)).loss();
      assertThat(loss).isEqualTo(alone);
    }
  }

  /** Rounded moments may fall on another code where a sum of gradients has another order. */
  @ParameterizedTest
  @CsvSource({"FP32,1e-5", "BF16,1e-3", "FP8,1e-3"})
  void resumesOnAnotherNumberOfRanks(MomentFormat moments, double limit) {
    TrainConfig config = config(new Recipe.Fp32(), moments, 1);
    List<Double> uninterrupted = run(1, config, 0, 50);
    run(1, config, 0, 10);
    run(4, config, 10, 20);
    run(2, config, 20, 25);
    List<Double> rest = run(1, config, 25, 50);

    for (int i = 0; i < rest.size(); i++) {
      double expected = uninterrupted.get(25 + i);
      assertThat(rest.get(i)).isCloseTo(expected, within(limit * expected));
    }
  }

  @Test
  void stopsBeforeWeightsChangeWhenTheLossIsNotFinite() {
    TrainConfig config = config(new Recipe.Fp32(), MomentFormat.FP32, GLOBAL_BATCH);
    try (Backend backend = new CpuBackend(1);
        Trainer trainer =
            new Trainer(MODEL, config, backend, new LocalCollective(backend), END_OF_TEXT)) {
      trainer.initialize();
      StateShard layer =
          trainer.stateShards().stream()
              .filter(shard -> shard.name().equals("layers.1/master"))
              .findFirst()
              .orElseThrow();
      HostBuffer.of(layer.values()).floats().put(200, Float.NaN);
      float before = HostBuffer.of(layer.values()).floats().get(201);
      IntBuffer tokens = IntBuffer.wrap(samples(1));

      assertThatThrownBy(() -> trainer.step(new StepBatch(1, tokens, GLOBAL_BATCH)))
          .isInstanceOf(TrainingDivergedException.class)
          .hasMessageContaining("step 1")
          .hasMessageContaining("model.layers.1.self_attn.q_proj.weight");
      assertThat(HostBuffer.of(layer.values()).floats().get(201)).isEqualTo(before);
      assertThat(trainer.stepsDone()).isZero();
    }
  }

  @Test
  void plansExactlyWhatItAllocates() {
    TrainConfig config = config(new Recipe.Tensorwise(), MomentFormat.FP8, 2);
    try (Backend backend = new CpuBackend(1);
        Trainer trainer =
            new Trainer(MODEL, config, backend, new LocalCollective(backend), END_OF_TEXT)) {
      MemoryPlan plan = Trainer.plan(MODEL, config, Planning.of(backend), 1);

      assertThat(plan).isEqualTo(trainer.memoryPlan());
      assertThat(plan.table()).contains("moments", "activations", "total");
    }
  }
}
