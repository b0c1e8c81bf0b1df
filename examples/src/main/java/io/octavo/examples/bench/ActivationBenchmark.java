package io.octavo.examples.bench;

import io.octavo.kernel.Backend;
import io.octavo.quant.LinearOperand;
import io.octavo.quant.Recipe;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Operand;
import io.octavo.tensor.Tensor;

/** SwiGLU, of numbers and of kept codes, with the cast that follows it, and the residual add. */
final class ActivationBenchmark {

  private static final String FAMILY = "activation";

  private final Setting setting;
  private final Backend backend;
  private final String shape;

  private ActivationBenchmark(Setting setting) {
    this.setting = setting;
    this.backend = setting.backend();
    this.shape = setting.sizes().rows() + "x" + setting.sizes().feedForward();
  }

  static void measure(Setting setting) {
    new ActivationBenchmark(setting).measure();
  }

  private void measure() {
    DataType type = backend.activationType(new Recipe.Bf16());
    int rows = setting.sizes().rows();
    int columns = setting.sizes().feedForward();
    try (DeviceTensors memory = setting.memory()) {
      Tensor gateUp = memory.random(type, rows, 2L * columns);
      Tensor gradient = memory.empty(type, rows, 2L * columns);
      Tensor out = memory.random(type, rows, columns);
      Tensor dout = memory.random(type, rows, columns);
      forward("swiGlu", gateUp, out);
      setting.row(FAMILY, "swiGlu, then cast a tensor", shape, () -> withCast(gateUp, out));
      backward("swiGluBackward", dout, gateUp, gradient);
      setting.bandwidth(
          FAMILY,
          "add",
          shape,
          Traffic.bytes(dout, out, out),
          () -> backend.activation().add(dout, out));
      Tensor dy = memory.random(type, rows, setting.sizes().hidden());
      Tensor dbias = memory.empty(DataType.F32, dy.columns());
      setting.bandwidth(
          FAMILY,
          "biasBackward",
          rows + "x" + dy.columns(),
          Traffic.bytes(dy, dbias, dbias),
          () -> backend.activation().biasBackward(dy, dbias));
      Operand codes = KeptCodes.of(memory, backend, gateUp);
      forward("swiGlu of codes 1x16", codes, out);
      backward("swiGluBackward of codes 1x16", dout, codes, gradient);
    }
  }

  private void forward(String subject, Operand gateUp, Tensor out) {
    setting.bandwidth(
        FAMILY,
        subject,
        shape,
        Traffic.bytes(gateUp, out),
        () -> backend.activation().swiGlu(gateUp, out));
  }

  private void backward(String subject, Tensor dout, Operand gateUp, Tensor gradient) {
    setting.bandwidth(
        FAMILY,
        subject,
        shape,
        Traffic.bytes(dout, gateUp, gradient),
        () -> backend.activation().swiGluBackward(dout, gateUp, gradient));
  }

  private Numbers withCast(Tensor gateUp, Tensor out) {
    try (DeviceTensors memory = setting.memory()) {
      LinearCasts casts =
          LinearCasts.of(
              memory, backend, new Recipe.Tensorwise().castFor(LinearOperand.INPUT), out);
      return setting.bandwidth(
          Traffic.bytes(gateUp, out, out) + Traffic.bytes(casts.casts()),
          () -> {
            backend.activation().swiGlu(gateUp, out);
            casts.fill(backend);
          });
    }
  }
}
