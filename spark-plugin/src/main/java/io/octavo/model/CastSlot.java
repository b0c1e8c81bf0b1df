package io.octavo.model;

import io.octavo.kernel.Arena;
import io.octavo.kernel.Backend;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.quant.Recipe;
import io.octavo.tensor.ArenaPlan;
import io.octavo.tensor.DataType;
import io.octavo.tensor.MemoryKind;
import io.octavo.tensor.Operand;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;

/** A place for one operand of a matrix product in the form its recipe gives it. */
final class CastSlot {

  private final Operand operand;

  private CastSlot(Operand operand) {
    this.operand = operand;
  }

  /** What a slot takes in the arena: values or codes, and scales where the cast has them. */
  record Plan(Recipe.Cast cast, ArenaPlan.Slot values, ArenaPlan.Slot scales) {

    static Plan reserve(
        ArenaPlan plan, MemoryKind kind, String name, Shape shape, Recipe.Cast cast) {
      Shape scales = Shape.of(0);
      DataType type = DataType.F32;
      if (cast instanceof Recipe.Cast.ToBf16) {
        type = DataType.BF16;
      } else if (cast instanceof Recipe.Cast.Quantize quantize) {
        type = DataType.U8;
        scales = QuantizedTensor.scaleShape(quantize.spec().granularity(), shape);
      }
      return new Plan(
          cast,
          plan.reserve(kind, name, type, shape),
          plan.reserve(kind, name + ".scales", DataType.F32, scales));
    }

    CastSlot bind(Arena arena) {
      Tensor tensor = arena.tensor(values);
      if (cast instanceof Recipe.Cast.Quantize quantize) {
        QuantSpec spec = quantize.spec();
        return new CastSlot(new QuantizedTensor(spec, tensor, arena.tensor(scales)));
      }
      return new CastSlot(tensor);
    }
  }

  /**
   * Where the producer of the operand writes: the slot itself where nothing is cast, else {@code
   * scratch}.
   */
  Tensor destination(Tensor scratch) {
    return isPlain() ? (Tensor) operand : scratch;
  }

  /** Casts what the producer wrote to {@link #destination} into the slot. */
  Operand seal(Tensor scratch, Backend backend) {
    return isPlain() ? operand : store(scratch, backend);
  }

  /** Casts {@code source} into the slot; {@code source} itself where nothing is cast. */
  Operand cast(Tensor source, Backend backend) {
    return isPlain() ? source : store(source, backend);
  }

  private Operand store(Tensor source, Backend backend) {
    if (operand instanceof QuantizedTensor quantized) {
      backend.quantize().quantize(source, quantized, RandomStream.NONE);
    } else {
      backend.quantize().convert(source, (Tensor) operand);
    }
    return operand;
  }

  /** What an earlier {@link #cast} of {@code source} returned. */
  Operand castOf(Tensor source) {
    return isPlain() ? source : operand;
  }

  /** What the slot holds. */
  Operand operand() {
    return operand;
  }

  private boolean isPlain() {
    return operand instanceof Tensor tensor && tensor.type() == DataType.F32;
  }
}
