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
import java.util.Optional;

/**
 * What a non-linear layer reads, kept until its backward pass: the numbers themselves, or codes in
 * small groups (COAT's activation flow), which the forward pass reads too.
 */
final class KeptActivation {

  private final Operand operand;

  private KeptActivation(Operand operand) {
    this.operand = operand;
  }

  /** What it takes in the arena: a cast, or numbers. */
  record Plan(Optional<CastSlot.Cast> codes, Optional<ArenaPlan.Slot> numbers) {

    static Plan reserve(
        ArenaPlan plan, String name, Shape shape, Recipe.Cast cast, DataType activationType) {
      MemoryKind kind = MemoryKind.ACTIVATIONS;
      return cast instanceof Recipe.Cast.Quantize
          ? new Plan(
              Optional.of(CastSlot.Cast.reserve(plan, kind, name, shape, cast, false)),
              Optional.empty())
          : new Plan(
              Optional.empty(), Optional.of(plan.reserve(kind, name, activationType, shape)));
    }

    KeptActivation bind(Arena arena) {
      return new KeptActivation(
          codes.map(cast -> cast.bind(arena)).or(() -> numbers.map(arena::tensor)).orElseThrow());
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
