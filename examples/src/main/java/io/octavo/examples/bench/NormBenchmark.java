package io.octavo.examples.bench;

import io.octavo.kernel.Backend;
import io.octavo.quant.LinearOperand;
import io.octavo.quant.Recipe;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Operand;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;

/** RMSNorm, of numbers and of kept codes, and with the cast that follows it. */
final class NormBenchmark {

  private static final String FAMILY = "norm";
  private static final float EPSILON = 1e-5f;

  private final Setting setting;
  private final Backend backend;
  private final String shape;

  private NormBenchmark(Setting setting) {
    this.setting = setting;
    this.backend = setting.backend();
    this.shape = setting.sizes().rows() + "x" + setting.sizes().hidden();
  }

  static void measure(Setting setting) {
    new NormBenchmark(setting).measure();
  }

  private void measure() {
    DataType type = backend.activationType(new Recipe.Bf16());
    int rows = setting.sizes().rows();
    int columns = setting.sizes().hidden();
    try (DeviceTensors memory = setting.memory()) {
      Tensor x = memory.random(type, rows, columns);
      Tensor weight = memory.random(DataType.F32, columns);
      Tensor y = memory.empty(type, rows, columns);
      Tensor rstd = memory.empty(DataType.F32, rows, 1);
      forward("rmsNorm", x, weight, y, rstd);
      backward("rmsNormBackward", memory, x, weight, rstd);
      setting.row(FAMILY, "rmsNorm, then cast a tensor", shape, () -> withCast(x, weight, y, rstd));
      QuantizedTensor codes = KeptCodes.of(memory, backend, x);
      forward("rmsNorm of codes 1x16", codes, weight, y, rstd);
      backward("rmsNormBackward of codes 1x16", memory, codes, weight, rstd);
    }
  }

  private void forward(String subject, Operand x, Tensor weight, Tensor y, Tensor rstd) {
    setting.bandwidth(
        FAMILY,
        subject,
        shape,
        Traffic.bytes(x, y, rstd),
        () -> backend.norm().rmsNorm(x, weight, EPSILON, y, rstd));
  }

  private void backward(
      String subject, DeviceTensors memory, Operand x, Tensor weight, Tensor rstd) {
    DataType type = backend.activationType(new Recipe.Bf16());
    int rows = setting.sizes().rows();
    int columns = setting.sizes().hidden();
    Tensor dy = memory.random(type, rows, columns);
    Tensor dx = memory.random(type, rows, columns);
    Tensor dweight = memory.empty(DataType.F32, columns);
    setting.bandwidth(
        FAMILY,
        subject,
        shape,
        Traffic.bytes(dy, x, dx, dx, rstd),
        () -> backend.norm().rmsNormBackward(dy, x, weight, rstd, dx, dweight));
  }

  private Numbers withCast(Tensor x, Tensor weight, Tensor y, Tensor rstd) {
    try (DeviceTensors memory = setting.memory()) {
      LinearCasts casts =
          LinearCasts.of(memory, backend, new Recipe.Tensorwise().castFor(LinearOperand.INPUT), y);
      return setting.bandwidth(
          Traffic.bytes(x, y, y, rstd) + Traffic.bytes(casts.casts()),
          () -> {
            backend.norm().rmsNorm(x, weight, EPSILON, y, rstd);
            casts.fill(backend);
          });
    }
  }
}
