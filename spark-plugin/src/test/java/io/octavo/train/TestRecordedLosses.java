package io.octavo.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.octavo.collective.LocalCollective;
import io.octavo.cpu.CpuBackend;
import io.octavo.kernel.Backend;
import io.octavo.optim.MomentFormat;
import io.octavo.quant.Recipe;
import io.octavo.reference.ReferenceBackend;
import java.io.IOException;
import java.io.InputStream;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The first ten losses of every recipe and moment format, as recorded: equal on the reference,
 * close on the CPU, where sums run in another order and a code may fall on the other side of a tie.
 */
class TestRecordedLosses {

  private static final int TIME = 24;
  private static final int BATCH = 4;
  private static JsonNode recorded;

  @BeforeAll
  static void read() throws IOException {
    try (InputStream in =
        Objects.requireNonNull(
            TestRecordedLosses.class.getResourceAsStream("/golden/recorded-losses.json"))) {
      recorded = new ObjectMapper().readTree(in).get("losses");
    }
  }

  private static List<Double> losses(Backend open, String recipe, MomentFormat moments) {
    TrainConfig config = TinyModels.config(Recipe.of(recipe), moments, 1e-2f, TIME, BATCH);
    List<Double> losses = new ArrayList<>();
    try (Backend backend = open;
        Trainer trainer =
            new Trainer(
                TinyModels.plain(),
                config,
                backend,
                new LocalCollective(backend),
                TinyModels.END_OF_TEXT)) {
      trainer.initialize();
      for (int step = 1; step <= 10; step++) {
        IntBuffer tokens = IntBuffer.wrap(TinyModels.tokens(step, BATCH * (TIME + 1)));
        losses.add(trainer.step(new StepBatch(step, tokens, BATCH)).loss());
      }
    }
    return losses;
  }

  private static List<Double> expected(String recipe, MomentFormat moments) {
    List<Double> losses = new ArrayList<>();
    recorded.get(recipe + "/" + moments).forEach(loss -> losses.add(loss.asDouble()));
    return losses;
  }

  @ParameterizedTest
  @CsvSource({
    "fp32,FP32,1e-6",
    "fp32,BF16,5e-5",
    "fp32,FP8,3e-4",
    "bf16,FP32,1e-3",
    "bf16,BF16,1e-3",
    "tensorwise,FP32,5e-3",
    "tensorwise,FP8,5e-3",
    "delayed,FP32,5e-3",
    "rowwise,FP32,5e-3",
    "deepseek,BF16,5e-3",
    "coat,FP8,5e-3"
  })
  void areReproduced(String recipe, MomentFormat moments, double limit) {
    List<Double> expected = expected(recipe, moments);

    assertThat(losses(new ReferenceBackend(), recipe, moments)).isEqualTo(expected);
    List<Double> cpu = losses(new CpuBackend(2), recipe, moments);
    for (int i = 0; i < 10; i++) {
      assertThat(cpu.get(i))
          .as("step %d on the CPU", i + 1)
          .isCloseTo(expected.get(i), within(limit * expected.get(i)));
    }
  }

  /** The first casts measure, the next ones take what the first ones left. */
  @Test
  void ofDelayedScalesBeginAsThoseOfMeasuredScales() {
    List<Double> delayed = expected("delayed", MomentFormat.FP32);
    List<Double> measured = expected("tensorwise", MomentFormat.FP32);
    assertThat(delayed.get(0)).isEqualTo(measured.get(0));
    assertThat(delayed.get(1)).isNotEqualTo(measured.get(1));
  }

  @Test
  void showThatEveryRecipeLearnsAlmostAsWellAsFp32() {
    double whole = expected("fp32", MomentFormat.FP32).get(9);
    assertThat(whole).isLessThan(expected("fp32", MomentFormat.FP32).get(0) * 0.9);
    recorded
        .fields()
        .forEachRemaining(
            run ->
                assertThat(run.getValue().get(9).asDouble())
                    .as(run.getKey())
                    .isCloseTo(whole, within(0.02 * whole)));
  }
}
