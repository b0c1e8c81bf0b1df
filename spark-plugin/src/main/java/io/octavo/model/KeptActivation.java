package io.octavo.model;

import io.octavo.kernel.Arena;
import io.octavo.kernel.Backend;
import io.octavo.quant.RandomStream;
import io.octavo.quant.Recipe;
import io.octavo.tensor.ArenaPlan;
import io.octavo.tensor.DataType;
import io.octavo.tensor.MemoryKind;
import io.octavo.tensor.Operand;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;

/**
 * What a non-linear layer reads, kept until its backward pass: the numbers themselves, or codes in
 * small groups (COAT's activation flow), which the forward pass reads too.
 */
final class KeptActivation {

  private final Operand operand;

  private KeptActivation(Operand operand) {
    this.operand = operand;
  }

  /** What it takes in the arena. */
  record Plan(Recipe.Cast cast, ArenaPlan.Slot values, ArenaPlan.Slot scales) {

    static Plan reserve(
        ArenaPlan plan, String name, Shape shape, Recipe.Cast cast, DataType activationType) {
      if (cast instanceof Recipe.Cast.Quantize quantize) {
        return new Plan(
            cast,
            plan.reserve(MemoryKind.ACTIVATIONS, name, DataType.U8, shape),
            plan.reserve(
                MemoryKind.ACTIVATIONS,
                name + ".scales",
                QuantizedTensor.scaleType(quantize.spec()),
                Shape.of(QuantizedTensor.scaleCapacity(quantize.spec().granularity(), shape))));
      }
      return new Plan(
          cast,
          plan.reserve(MemoryKind.ACTIVATIONS, name, activationType, shape),
          plan.reserve(MemoryKind.ACTIVATIONS, name + ".scales", DataType.F32, Shape.of(0)));
    }

    KeptActivation bind(Arena arena) {
      Tensor tensor = arena.tensor(values);
      return new KeptActivation(
          cast instanceof Recipe.Cast.Quantize quantize
              ? new QuantizedTensor(quantize.spec(), tensor, arena.tensor(scales))
              : tensor);
    }
  }

  /** Where the producer writes: the place itself where numbers are kept, else {@code scratch}. */
  Tensor destination(Tensor scratch) {
    return operand instanceof Tensor tensor ? tensor : scratch;
  }

  /** Keeps what the producer wrote to {@link #destination}. */
  Operand keep(Tensor written, Backend backend) {
    if (operand instanceof QuantizedTensor codes) {
      backend.quantize().quantize(written, codes, RandomStream.NONE);
    }
    return operand;
  }

  /** What was kept. */
  Operand operand() {
    return operand;
  }
}
