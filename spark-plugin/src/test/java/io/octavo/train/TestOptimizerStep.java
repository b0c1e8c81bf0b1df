package io.octavo.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.octavo.collective.LocalCollective;
import io.octavo.cpu.CpuBackend;
import io.octavo.kernel.Backend;
import io.octavo.model.ModelConfig;
import io.octavo.optim.AdamWConfig;
import io.octavo.optim.LearningRateSchedule;
import io.octavo.optim.MomentFormat;
import io.octavo.quant.Recipe;
import java.nio.IntBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Decay masks, clipping by the global norm, schedules: what they do to weights. */
class TestOptimizerStep {

  private static final int TIME = 15;
  private static final float RATE = 0.25f;

  /** Weights after one step; {@code norm} takes the gradient's norm. */
  private record Run(Map<String, float[]> weights, StepMetrics metrics) {}

  private static Run run(ModelConfig model, AdamWConfig adamW, LearningRateSchedule schedule) {
    TrainConfig config =
        new TrainConfig(new Recipe.Fp32(), MomentFormat.FP32, adamW, schedule, TIME, 2, 2, 100, 3);
    int[] tokens = TinyModels.tokens(8, 2 * (TIME + 1));
    try (Backend backend = new CpuBackend(1);
        Trainer trainer =
            new Trainer(
                model, config, backend, new LocalCollective(backend), TinyModels.END_OF_TEXT)) {
      trainer.initialize();
      StepMetrics metrics = trainer.step(new StepBatch(1, IntBuffer.wrap(tokens), 2));
      Map<String, float[]> weights = new LinkedHashMap<>();
      trainer.exportWeights(
          (parameter, values) -> {
            float[] copy = new float[values.remaining()];
            values.get(copy);
            weights.put(parameter.name(), copy);
          });
      return new Run(weights, metrics);
    }
  }

  /** A large epsilon makes the update proportional to the gradient. */
  private static AdamWConfig adamW(float rate, float decay, float clip, boolean decayAll) {
    return new AdamWConfig(rate, 0.9f, 0.95f, 1e3f, decay, clip, decayAll);
  }

  private static Run constant(AdamWConfig adamW) {
    return run(TinyModels.biasedAndTied(), adamW, new LearningRateSchedule.Constant());
  }

  @ParameterizedTest
  @CsvSource({"false", "true"})
  void decaysMatricesAndOnlyWhereAskedNormsAndBiases(boolean decayAll) {
    float decay = 0.5f;
    Map<String, float[]> start = constant(adamW(0, 0, 0, false)).weights();
    Map<String, float[]> plain = constant(adamW(RATE, 0, 0, false)).weights();
    Map<String, float[]> decayed = constant(adamW(RATE, decay, 0, decayAll)).weights();

    assertThat(decayed).hasSizeGreaterThan(20);
    decayed.forEach(
        (name, weights) -> {
          boolean spared = name.contains("norm") || name.endsWith("bias");
          boolean decays = decayAll || !spared;
          float[] before = start.getOrDefault(name, new float[0]);
          float[] without = plain.getOrDefault(name, new float[0]);
          for (int i = 0; i < weights.length; i++) {
            float expected = decays ? without[i] - RATE * decay * before[i] : without[i];
            assertThat(weights[i]).as("%s[%d]", name, i).isCloseTo(expected, within(2e-7f));
          }
        });
  }

  @Test
  void clipsByTheNormOfAllGradientsTogether() {
    Run start = constant(adamW(0, 0, 0, false));
    Run free = constant(adamW(1000, 0, 0, false));
    double norm = free.metrics().gradientNorm();
    float clip = (float) (norm / 4);
    Run clipped = constant(adamW(1000, 0, clip, false));
    Run loose = constant(adamW(1000, 0, (float) (norm * 4), false));

    assertThat(clipped.metrics().gradientNorm()).isEqualTo(norm);
    free.weights()
        .forEach(
            (name, weights) -> {
              float[] before = start.weights().getOrDefault(name, new float[0]);
              float[] small = clipped.weights().getOrDefault(name, new float[0]);
              assertThat(loose.weights().get(name)).isEqualTo(weights);
              double way = 0;
              double error = 0;
              for (int i = 0; i < weights.length; i++) {
                double whole = weights[i] - before[i];
                way += whole * whole;
                error += Math.pow(small[i] - before[i] - whole / 4, 2);
              }
              assertThat(Math.sqrt(error)).as(name).isLessThan(1e-3 * Math.sqrt(way) + 1e-5);
            });
  }

  @Test
  void normIsThatOfTheGradientOfTheMeanLoss() {
    ModelConfig model = TinyModels.plain();
    AdamWConfig still = adamW(0, 0, 0, false);
    TrainConfig config =
        new TrainConfig(
            new Recipe.Fp32(),
            MomentFormat.FP32,
            still,
            new LearningRateSchedule.Constant(),
            TIME,
            2,
            1,
            100,
            3);
    int[] tokens = TinyModels.tokens(8, 2 * (TIME + 1));
    double[] squares = new double[1];
    try (Backend backend = new CpuBackend(1);
        Trainer trainer = new Trainer(model, config, backend, new LocalCollective(backend), -1)) {
      trainer.initialize();
      StepMetrics metrics = trainer.step(new StepBatch(1, IntBuffer.wrap(tokens), 2));
      trainer.readGradients(
          (parameter, values) -> {
            while (values.hasRemaining()) {
              double value = values.get();
              squares[0] += value * value;
            }
          });
      assertThat(metrics.gradientNorm())
          .isCloseTo(Math.sqrt(squares[0]), within(1e-6 * Math.sqrt(squares[0])));
    }
  }

  @Test
  void takesTheRateOfTheSchedule() {
    AdamWConfig adamW = adamW(RATE, 0, 0, false);
    LearningRateSchedule warmup = new LearningRateSchedule.WarmupCosine(10, 100, 0);
    Run run = run(TinyModels.plain(), adamW, warmup);
    assertThat(run.metrics().learningRate()).isCloseTo(RATE / 10, within(1e-9));
  }
}
