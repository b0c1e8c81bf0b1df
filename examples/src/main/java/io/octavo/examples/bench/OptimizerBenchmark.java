package io.octavo.examples.bench;

import io.octavo.kernel.Backend;
import io.octavo.kernel.CastingKernels;
import io.octavo.kernel.ComposedCasting;
import io.octavo.kernel.OptimizerKernels;
import io.octavo.optim.AdamWConfig;
import io.octavo.optim.MomentFormat;
import io.octavo.quant.AmaxHistory;
import io.octavo.quant.LinearOperand;
import io.octavo.quant.Recipe;
import io.octavo.tensor.CastTarget;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** AdamW by storage of the moments, alone and with casts, and the norm of the gradients before. */
final class OptimizerBenchmark {

  private static final String FAMILY = "optimizer";

  private static final OptimizerKernels.AdamWRule RULE = rule(AdamWConfig.defaults(1e-4f));

  private final Setting setting;
  private final Backend backend;
  private final long count;
  private final Tensor parameters;
  private final Tensor gradients;
  private final Tensor control;

  private OptimizerBenchmark(Setting setting, DeviceTensors memory) {
    this.setting = setting;
    this.backend = setting.backend();
    this.count = setting.sizes().parameters();
    parameters = memory.random(DataType.F32, count);
    gradients = memory.random(DataType.F32, count);
    float[] numbers = new float[OptimizerKernels.CONTROL];
    numbers[OptimizerKernels.STEP] = 1;
    numbers[OptimizerKernels.LEARNING_RATE] = 1e-4f;
    numbers[OptimizerKernels.MEAN] = 1;
    numbers[OptimizerKernels.FACTOR] = 1;
    control = memory.floats(numbers);
  }

  private static OptimizerKernels.AdamWRule rule(AdamWConfig config) {
    return new OptimizerKernels.AdamWRule(
        config.beta1(), config.beta2(), config.epsilon(), config.weightDecay());
  }

  static void measure(Setting setting) {
    try (DeviceTensors memory = setting.memory()) {
      OptimizerBenchmark benchmark = new OptimizerBenchmark(setting, memory);
      for (MomentFormat format : MomentFormat.values()) {
        String subject = "adamW, %s moments".formatted(format).toLowerCase(Locale.ROOT);
        setting.row(FAMILY, subject, benchmark.shape(), () -> benchmark.adamW(format));
      }
      for (MomentFormat format : List.of(MomentFormat.FP32, MomentFormat.FP8)) {
        for (String recipe : List.of("bf16", "tensorwise", "delayed", "rowwise", "deepseek")) {
          benchmark.withCasts(memory, format, recipe);
        }
      }
      Tensor totals = memory.empty(DataType.F32, OptimizerKernels.TOTALS);
      setting.bandwidth(
          FAMILY,
          "addSumOfSquares",
          benchmark.shape(),
          Traffic.bytes(benchmark.gradients),
          () ->
              setting
                  .backend()
                  .optimizer()
                  .addSumOfSquares(benchmark.gradients, totals, OptimizerKernels.SQUARES));
    }
  }

  private String shape() {
    return count + " weights";
  }

  private Numbers adamW(MomentFormat format) {
    try (Moments moments = new Moments(backend, format, count)) {
      return setting.bandwidth(
          moved() + moments.moved(),
          () ->
              backend
                  .optimizer()
                  .adamW(parameters, gradients, moments.first(), moments.second(), RULE, control));
    }
  }

  /** Bytes of parameters and gradients. */
  private long moved() {
    return Traffic.bytes(parameters, parameters, gradients);
  }

  /** The update of a weight with its casts, as two calls and as one: bytes are those of the one. */
  private void withCasts(DeviceTensors memory, MomentFormat format, String recipe) {
    long columns = setting.sizes().hidden();
    Tensor matrix = parameters.reshape(count / columns, columns);
    Recipe.Cast cast = Recipe.of(recipe).castFor(LinearOperand.WEIGHT);
    CastTarget target =
        new CastTarget(matrix, LinearCasts.of(memory, backend, cast.measured(), matrix).casts());
    Optional<Tensor> history =
        cast instanceof Recipe.Cast.QuantizeDelayed delayed
            ? Optional.of(memory.empty(DataType.F32, AmaxHistory.elements(delayed.casts())))
            : Optional.empty();
    String subject = "adamW, %s moments, casts of %s, ".formatted(format, recipe);
    try (Moments moments = new Moments(backend, format, count)) {
      long bytes = moved() + moments.moved() + Traffic.bytes(target.casts());
      CastingKernels composed =
          new ComposedCasting(
              backend.quantize(), backend.norm(), backend.activation(), backend.optimizer());
      Map<String, CastingKernels> ways = new LinkedHashMap<>();
      ways.put("apart", composed);
      ways.put("at once", backend.casting());
      ways.forEach(
          (way, kernels) ->
              setting.bandwidth(
                  FAMILY,
                  (subject + way).toLowerCase(Locale.ROOT),
                  matrix.rows() + "x" + columns,
                  bytes,
                  () ->
                      kernels.adamW(
                          target,
                          history,
                          gradients,
                          moments.first(),
                          moments.second(),
                          RULE,
                          control)));
    }
  }
}
