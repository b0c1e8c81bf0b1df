package io.octavo.model;

import io.octavo.kernel.Arena;
import io.octavo.kernel.Backend;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.quant.Recipe;
import io.octavo.tensor.ArenaPlan;
import io.octavo.tensor.CastTarget;
import io.octavo.tensor.DataType;
import io.octavo.tensor.MemoryKind;
import io.octavo.tensor.Operand;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import io.octavo.tensor.Transposed;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A place for the casts of one matrix: the rowwise one, for the product that contracts over its
 * columns, and the columnwise one, for the product that contracts over its rows, where that is
 * another. Where nothing is cast both are the matrix itself.
 *
 * @param plain where the matrix itself is kept; empty where it lies elsewhere or only casts are
 * @param history of the matrix's amax, where its scale is delayed; then all casts are made at once,
 *     by one scale
 */
record CastSlot(
    Optional<Tensor> plain,
    Optional<Operand> rowwise,
    Optional<Operand> columnwise,
    Optional<Tensor> history) {

  /** What one cast takes in the arena. */
  record Cast(Recipe.Cast cast, boolean transposed, ArenaPlan.Slot values, ArenaPlan.Slot scales) {

    static Cast reserve(
        ArenaPlan plan,
        MemoryKind kind,
        String name,
        Shape matrix,
        Recipe.Cast cast,
        boolean transposed) {
      Shape shape = transposed ? Shape.of(matrix.columns(), matrix.rows()) : matrix;
      DataType type = DataType.BF16;
      DataType scaleType = DataType.F32;
      Shape scales = Shape.of(0);
      if (cast.codes().isPresent()) {
        QuantSpec spec = cast.codes().get();
        type = DataType.U8;
        scaleType = QuantizedTensor.scaleType(spec);
        scales = Shape.of(QuantizedTensor.scaleCapacity(spec.granularity(), shape));
      }
      return new Cast(
          cast,
          transposed,
          plan.reserve(kind, name, type, shape),
          plan.reserve(kind, name + ".scales", scaleType, scales));
    }

    Operand bind(Arena arena) {
      Tensor tensor = arena.tensor(values);
      if (cast.codes().isPresent()) {
        QuantSpec spec = cast.codes().get();
        QuantizedTensor stored = new QuantizedTensor(spec, tensor, arena.tensor(scales));
        return transposed ? new Transposed(stored) : stored;
      }
      return tensor;
    }
  }

  /** What a slot takes in the arena. */
  record Plan(
      Optional<ArenaPlan.Slot> plain,
      Optional<Cast> rowwise,
      Optional<Cast> columnwise,
      Optional<ArenaPlan.Slot> history) {

    /** Nothing is cast or kept. */
    static final Plan NONE =
        new Plan(Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty());

    CastSlot bind(Arena arena) {
      return new CastSlot(
          plain.map(arena::tensor),
          rowwise.map(cast -> cast.bind(arena)),
          columnwise.map(cast -> cast.bind(arena)),
          history.map(arena::tensor));
    }
  }

  /** The same places, where every scale is measured and no history changes. */
  CastSlot measured() {
    return history.isEmpty() ? this : new CastSlot(plain, rowwise, columnwise, Optional.empty());
  }

  /** Where the producer of the matrix writes: the slot itself where the matrix is kept there. */
  Tensor destination(Tensor scratch) {
    return plain.orElse(scratch);
  }

  /**
   * The casts of a matrix that is to be written to {@code values}, where nothing but them is read:
   * where the matrix is not kept, and its scale is not delayed.
   */
  Optional<CastTarget> onlyCasts(Tensor values) {
    List<Operand> casts = casts();
    return plain.isPresent() || history.isPresent() || casts.isEmpty()
        ? Optional.empty()
        : Optional.of(new CastTarget(values, casts));
  }

  private List<Operand> casts() {
    return Stream.concat(rowwise.stream(), columnwise.stream()).toList();
  }

  /** The casts of a weight that starts at {@code from}, for its update to make; none of itself. */
  Optional<UpdatedWeight> updated(long from, Tensor values) {
    return casts().isEmpty()
        ? Optional.empty()
        : Optional.of(new UpdatedWeight(from, new CastTarget(values, casts()), history));
  }

  /** Fills every cast from {@code values}. */
  void cast(Tensor values, Backend backend) {
    fill(values, casts(), backend);
  }

  /** As {@link #cast}, with the scale that the cast made last has of its history. */
  void recast(Tensor values, Backend backend) {
    history.ifPresentOrElse(
        amax ->
            backend
                .quantize()
                .recastDelayed(new CastTarget(values, casts()), amax, RandomStream.NONE),
        () -> cast(values, backend));
  }

  /** Fills the cast for the forward pass; with a delayed scale that for the backward pass too. */
  void castForward(Tensor values, Backend backend) {
    if (history.isPresent()) {
      cast(values, backend);
    } else {
      fill(values, rowwise.stream().toList(), backend);
    }
  }

  /** Fills the cast for the backward pass that {@link #castForward} has not filled. */
  void castBackward(Tensor values, Backend backend) {
    if (history.isEmpty()) {
      fill(values, columnwise.stream().toList(), backend);
    }
  }

  private void fill(Tensor values, List<Operand> casts, Backend backend) {
    if (casts.isEmpty()) {
      return;
    }
    CastTarget target = new CastTarget(values, casts);
    history.ifPresentOrElse(
        amax -> backend.quantize().castDelayed(target, amax, RandomStream.NONE),
        () -> backend.quantize().cast(target, RandomStream.NONE));
  }

  /** The operand of the product that contracts over the columns of {@code values}. */
  Operand rowwise(Tensor values) {
    return rowwise.orElse(values);
  }

  /** The operand of the product that contracts over the rows of {@code values}. */
  Operand columnwise(Tensor values) {
    return columnwise.or(() -> rowwise).orElse(values);
  }
}
