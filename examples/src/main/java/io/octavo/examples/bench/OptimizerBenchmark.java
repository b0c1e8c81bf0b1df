package io.octavo.examples.bench;

import io.octavo.kernel.Arena;
import io.octavo.kernel.Backend;
import io.octavo.kernel.OptimizerKernels;
import io.octavo.optim.AdamWConfig;
import io.octavo.optim.MomentFormat;
import io.octavo.optim.MomentSlots;
import io.octavo.tensor.ArenaPlan;
import io.octavo.tensor.DataType;
import io.octavo.tensor.MemoryKind;
import io.octavo.tensor.Tensor;
import java.util.Locale;

/** AdamW by storage of the moments, and the norm of the gradients before it. */
final class OptimizerBenchmark {

  private static final String FAMILY = "optimizer";

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

  static void measure(Setting setting) {
    try (DeviceTensors memory = setting.memory()) {
      OptimizerBenchmark benchmark = new OptimizerBenchmark(setting, memory);
      for (MomentFormat format : MomentFormat.values()) {
        String subject = "adamW, %s moments".formatted(format).toLowerCase(Locale.ROOT);
        setting.row(FAMILY, subject, benchmark.shape(), () -> benchmark.adamW(format));
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
    ArenaPlan plan = new ArenaPlan();
    MomentSlots first = MomentSlots.reserve(plan, format, "first", count);
    MomentSlots second = MomentSlots.reserve(plan, format, "second", count);
    AdamWConfig config = AdamWConfig.defaults(1e-4f);
    OptimizerKernels.AdamWRule rule =
        new OptimizerKernels.AdamWRule(
            config.beta1(), config.beta2(), config.epsilon(), config.weightDecay());
    long bytes =
        Traffic.bytes(parameters, parameters, gradients) + 2 * plan.bytes(MemoryKind.MOMENTS);
    try (Arena arena = Arena.allocate(plan, backend)) {
      OptimizerKernels.Moment m = MomentSlots.moment(first.tensors(arena), 0, count);
      OptimizerKernels.Moment v = MomentSlots.moment(second.tensors(arena), 0, count);
      backend.optimizer().reset(m);
      backend.optimizer().reset(v);
      return setting.bandwidth(
          bytes, () -> backend.optimizer().adamW(parameters, gradients, m, v, rule, control));
    }
  }
}
