package io.octavo.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.octavo.collective.LocalCollective;
import io.octavo.cuda.CudaBackend;
import io.octavo.kernel.Backend;
import io.octavo.kernel.Gpu;
import io.octavo.model.ModelConfig;
import io.octavo.model.ModelPresets;
import io.octavo.optim.AdamWConfig;
import io.octavo.optim.LearningRateSchedule;
import io.octavo.optim.MomentFormat;
import io.octavo.quant.Recipe;
import java.io.IOException;
import java.io.InputStream;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whole training steps on the GPU against the reference: eager, captured and replayed. */
@Gpu
class TestCudaTrainer {

  /** Widths that block-scaled products take; heads of 64 columns, which Hopper's kernels take. */
  private static final ModelConfig MODEL = ModelConfig.llama(256, 128, 256, 2, 2, 1, 64);

  private static final int TIME = 32;
  private static final int BATCH = 4;

  private static List<Double> losses(
      Backend open, Recipe recipe, MomentFormat moments, int microBatch) {
    TrainConfig config =
        new TrainConfig(
            recipe,
            moments,
            AdamWConfig.defaults(1e-3f),
            new LearningRateSchedule.Constant(),
            TIME,
            BATCH,
            microBatch,
            1000,
            3);
    List<Double> losses = new ArrayList<>();
    try (Backend backend = open;
        Trainer trainer =
            new Trainer(
                MODEL, config, backend, new LocalCollective(backend), TinyModels.END_OF_TEXT)) {
      trainer.initialize();
      for (int step = 1; step <= 10; step++) {
        IntBuffer tokens = IntBuffer.wrap(TinyModels.tokens(step, BATCH * (TIME + 1)));
        losses.add(trainer.step(new StepBatch(step, tokens, BATCH)).loss());
      }
    }
    return losses;
  }

  /** Recorded on the reference, whose plain loops take minutes for these widths. */
  private static List<Double> recorded(String recipe, MomentFormat moments) throws IOException {
    List<Double> losses = new ArrayList<>();
    try (InputStream in =
        Objects.requireNonNull(
            TestCudaTrainer.class.getResourceAsStream("/golden/recorded-wide-losses.json"))) {
      new ObjectMapper()
          .readTree(in)
          .get("losses")
          .get(recipe + "/" + moments)
          .forEach(loss -> losses.add(loss.asDouble()));
    }
    return losses;
  }

  @ParameterizedTest
  @CsvSource({
    "fp32,FP32,4,1e-5",
    "fp32,FP32,1,1e-5",
    "fp32,FP8,4,1e-3",
    "bf16,FP32,4,2e-3",
    "bf16,BF16,2,2e-3",
    "tensorwise,FP32,4,5e-3",
    "delayed,FP32,4,5e-3",
    "rowwise,FP32,4,5e-3",
    "deepseek,BF16,4,5e-3",
    "coat,FP8,4,5e-3",
    "coat,FP8,2,5e-3"
  })
  void losesWhatTheReferenceLoses(String recipe, MomentFormat moments, int microBatch, double limit)
      throws IOException {
    List<Double> expected = recorded(recipe, moments);
    List<Double> actual = losses(CudaBackend.open(0), Recipe.of(recipe), moments, microBatch);
    assertThat(expected.get(9)).isLessThan(0.95 * expected.get(0));
    for (int i = 0; i < 10; i++) {
      assertThat(actual.get(i))
          .as("step %d of %s against %s", i + 1, actual, expected)
          .isCloseTo(expected.get(i), within(limit * expected.get(i)));
    }
  }

  /** Forward passes repeat to the bit; attention sums dQ in the order in which tiles finish. */
  @Test
  void repeatsUpToTheOrderOfSumsInAttention() {
    List<Double> once = losses(CudaBackend.open(0), new Recipe.Coat(), MomentFormat.FP8, 2);
    List<Double> again = losses(CudaBackend.open(0), new Recipe.Coat(), MomentFormat.FP8, 2);
    assertThat(again.get(0)).isEqualTo(once.get(0));
    for (int i = 1; i < 10; i++) {
      assertThat(again.get(i)).isCloseTo(once.get(i), within(5e-3 * once.get(i)));
    }
  }

  @Test
  void refusesAPlanThatDoesNotFitBeforeTheFirstStep() {
    TrainConfig config = TinyModels.config(new Recipe.Bf16(), MomentFormat.FP32, 1e-3f, 2048, 512);
    try (Backend backend = CudaBackend.open(0)) {
      assertThatThrownBy(
              () ->
                  new Trainer(
                      ModelPresets.of("b7"), config, backend, new LocalCollective(backend), -1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("Cannot allocate the planned")
          .hasMessageContaining("GiB are free")
          .hasMessageContaining("activations");
    }
  }
}
