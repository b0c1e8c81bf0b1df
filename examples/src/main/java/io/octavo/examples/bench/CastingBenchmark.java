package io.octavo.examples.bench;

import io.octavo.kernel.Backend;
import io.octavo.quant.LinearOperand;
import io.octavo.quant.Recipe;
import io.octavo.tensor.CastTarget;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Operand;
import io.octavo.tensor.Tensor;
import java.util.List;

/**
 * Layers whose results are only wanted as casts. Bandwidths count what a layer reads and what it
 * leaves, once each: a backend that reads twice shows it.
 */
final class CastingBenchmark {

  private static final String FAMILY = "casting";
  private static final float EPSILON = 1e-5f;

  private final Setting setting;
  private final Backend backend;
  private final Recipe recipe;
  private final DataType type;

  private CastingBenchmark(Setting setting, Recipe recipe) {
    this.setting = setting;
    this.backend = setting.backend();
    this.recipe = recipe;
    this.type = backend.activationType(recipe);
  }

  static void measure(Setting setting) {
    for (Recipe recipe :
        List.of(new Recipe.Coat(), new Recipe.Tensorwise(), new Recipe.Deepseek())) {
      CastingBenchmark benchmark = new CastingBenchmark(setting, recipe);
      int rows = setting.sizes().rows();
      benchmark.norm(rows, setting.sizes().hidden());
      benchmark.gates(rows, setting.sizes().feedForward());
    }
  }

  private LinearCasts casts(DeviceTensors memory, LinearOperand operand, Tensor values) {
    return LinearCasts.of(memory, backend, recipe.castFor(operand), values);
  }

  private Operand kept(DeviceTensors memory, Tensor values) {
    return recipe.activationCast() instanceof Recipe.Cast.Quantize
        ? KeptCodes.of(memory, backend, values)
        : values;
  }

  /** Codes are written beside what is read; numbers are there already. */
  private static long keeping(Tensor x, Operand kept) {
    return Traffic.bytes(x) + (kept.equals(x) ? 0 : Traffic.bytes(kept));
  }

  private void norm(int rows, int columns) {
    try (DeviceTensors memory = setting.memory()) {
      Tensor x = memory.random(type, rows, columns);
      Tensor weight = memory.random(DataType.F32, columns);
      Tensor rstd = memory.empty(DataType.F32, rows, 1);
      LinearCasts casts = casts(memory, LinearOperand.INPUT, memory.empty(type, rows, columns));
      Operand kept = kept(memory, x);
      CastTarget y = new CastTarget(casts.values(), casts.casts());
      row(
          "rmsNorm",
          y,
          keeping(x, kept) + Traffic.bytes(casts.casts()),
          () -> backend.casting().rmsNorm(x, kept, weight, EPSILON, rstd, y));
    }
  }

  private void gates(int rows, int width) {
    try (DeviceTensors memory = setting.memory()) {
      Tensor gateUp = memory.random(type, rows, 2L * width);
      Tensor dout = memory.random(type, rows, width);
      Operand kept = kept(memory, gateUp);
      LinearCasts product = casts(memory, LinearOperand.INPUT, memory.empty(type, rows, width));
      CastTarget out = new CastTarget(product.values(), product.casts());
      row(
          "swiGlu",
          out,
          keeping(gateUp, kept) + Traffic.bytes(product.casts()),
          () -> backend.casting().swiGlu(gateUp, kept, out));
      LinearCasts gradient =
          casts(memory, LinearOperand.GRAD_OUTPUT, memory.empty(type, rows, 2L * width));
      CastTarget dGateUp = new CastTarget(gradient.values(), gradient.casts());
      row(
          "swiGluBackward",
          dGateUp,
          Traffic.bytes(dout, kept) + Traffic.bytes(gradient.casts()),
          () -> backend.casting().swiGluBackward(dout, kept, dGateUp));
    }
  }

  private void row(String layer, CastTarget target, long bytes, Runnable work) {
    String shape = target.values().rows() + "x" + target.values().columns();
    setting.bandwidth(FAMILY, layer + " " + recipe.name(), shape, bytes, work);
  }
}
