package io.octavo.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.octavo.collective.Collective;
import io.octavo.collective.InProcessTransport;
import io.octavo.collective.LocalCollective;
import io.octavo.collective.PeerCollective;
import io.octavo.cpu.CpuBackend;
import io.octavo.kernel.Backend;
import io.octavo.optim.MomentFormat;
import io.octavo.quant.Recipe;
import io.octavo.tensor.HostBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A step that would spoil the weights stops and names where it went wrong. */
class TestDivergence {

  private static final int TIME = 8;

  private static Trainer trainer(Recipe recipe, Backend backend, Collective collective) {
    TrainConfig config =
        new TrainConfig(
            recipe,
            MomentFormat.FP8,
            TinyModels.config(recipe, MomentFormat.FP8, 1e-3f, TIME, 1).adamW(),
            TinyModels.config(recipe, MomentFormat.FP8, 1e-3f, TIME, 1).schedule(),
            TIME,
            2,
            1,
            10,
            1);
    Trainer trainer =
        new Trainer(TinyModels.plain(), config, backend, collective, TinyModels.END_OF_TEXT);
    trainer.initialize();
    return trainer;
  }

  private static FloatBuffer master(Trainer trainer, String unit) {
    return trainer.stateShards().stream()
        .filter(shard -> shard.name().equals(unit + "/master"))
        .map(shard -> HostBuffer.of(shard.values()).floats())
        .findFirst()
        .orElseThrow();
  }

  private static StepBatch batch(int rank, int ranks) {
    int samples = 2 / ranks;
    int[] tokens = TinyModels.tokens(9, 2 * (TIME + 1));
    int length = samples * (TIME + 1);
    return new StepBatch(1, IntBuffer.wrap(tokens, rank * length, length).slice(), samples);
  }

  private static float[] all(Trainer trainer) {
    List<Float> values = new ArrayList<>();
    for (StateShard shard : trainer.stateShards()) {
      if (shard.name().endsWith("/master")) {
        for (float value : HostBuffer.of(shard.values()).toFloats()) {
          values.add(value);
        }
      }
    }
    float[] array = new float[values.size()];
    for (int i = 0; i < array.length; i++) {
      array[i] = values.get(i);
    }
    return array;
  }

  @ParameterizedTest
  @ValueSource(strings = {"fp32", "bf16", "tensorwise"})
  void namesTheLayerWhoseInputOverflowed(String recipe) {
    try (Backend backend = new CpuBackend(1);
        Trainer trainer = trainer(Recipe.of(recipe), backend, new LocalCollective(backend))) {
      FloatBuffer first = master(trainer, "layers.0");
      for (int i = 0; i < first.capacity(); i++) {
        first.put(i, first.get(i) * 1e25f);
      }
      float[] before = all(trainer);

      assertThatThrownBy(() -> trainer.step(batch(0, 1)))
          .isInstanceOf(TrainingDivergedException.class)
          .hasMessageContaining("step 1")
          .hasMessageContaining("first tensor that is not finite: input of layer 1");
      assertThat(all(trainer)).isEqualTo(before);
    }
  }

  @Test
  void namesTheHeadWhereOnlyItOverflows() {
    try (Backend backend = new CpuBackend(1);
        Trainer trainer = trainer(new Recipe.Fp32(), backend, new LocalCollective(backend))) {
      FloatBuffer last = master(trainer, "final");
      for (int i = 128; i < last.capacity(); i++) {
        last.put(i, last.get(i) * 3e38f * 100);
      }
      for (int i = 128; i < last.capacity(); i++) {
        last.put(i, Math.max(-3e38f, Math.min(3e38f, last.get(i))));
      }

      assertThatThrownBy(() -> trainer.step(batch(0, 1)))
          .isInstanceOf(TrainingDivergedException.class)
          .hasMessageContaining("first tensor that is not finite: gradient of lm_head.weight");
    }
  }

  @Test
  void stopsEveryRankAndLeavesTheWeightsOfEach() {
    ExecutorService threads = Executors.newFixedThreadPool(2);
    List<CompletableFuture<String>> ranks = new ArrayList<>();
    for (InProcessTransport transport : InProcessTransport.connect(2)) {
      ranks.add(
          CompletableFuture.supplyAsync(
              () -> {
                try (Backend backend = new CpuBackend(1);
                    Collective collective =
                        new PeerCollective(transport, backend, Duration.ofSeconds(30));
                    Trainer trainer = trainer(new Recipe.Fp32(), backend, collective)) {
                  if (collective.rank() == 1) {
                    master(trainer, "layers.1").put(5, Float.POSITIVE_INFINITY);
                  }
                  float[] before = all(trainer);
                  String message =
                      catchThrowableOfType(
                              TrainingDivergedException.class,
                              () -> trainer.step(batch(collective.rank(), 2)))
                          .getMessage();
                  assertThat(all(trainer)).isEqualTo(before);
                  return message;
                }
              },
              threads));
    }
    List<String> messages = ranks.stream().map(CompletableFuture::join).toList();
    threads.shutdown();

    assertThat(messages).allMatch(message -> message.startsWith("Cannot go on after step 1"));
    assertThat(messages.get(1)).contains("not finite: weight model.layers.1.");
  }
}
