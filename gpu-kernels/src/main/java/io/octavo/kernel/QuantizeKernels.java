package io.octavo.kernel;

import io.octavo.quant.RandomStream;
import io.octavo.tensor.CastTarget;
import io.octavo.tensor.Operand;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;
import io.octavo.tensor.Transposed;

/** Casts between FP32 and narrow formats. Every backend gives the same bits. */
public interface QuantizeKernels {

  /**
   * Casts {@code source} (F32, or BF16 where the backend's activations are) as {@code
   * target.spec()} says: computes amax and scale of each group (just in time), writes {@code
   * target.scales()} and {@code target.codes()}.
   *
   * <p>Element {@code i} of a stochastic cast draws {@code random.bits(i)}; other roundings ignore
   * {@code random}. Saturating; NaN stays NaN where the format has one and becomes 0 where not; a
   * group whose amax is 0 has scale 1.
   */
  void quantize(Tensor source, QuantizedTensor target, RandomStream random);

  /**
   * Casts the transpose of {@code source [R,C]}: {@code target.stored()} becomes what {@link
   * #quantize} gives for the {@code [C,R]} matrix.
   */
  void quantizeTransposed(Tensor source, Transposed target, RandomStream random);

  /**
   * Fills every cast of {@code target} from its values. A backend does it in as few passes as it
   * can; results are those of the single casts.
   */
  default void cast(CastTarget target, RandomStream random) {
    for (Operand cast : target.casts()) {
      if (cast instanceof QuantizedTensor quantized) {
        quantize(target.values(), quantized, random);
      } else if (cast instanceof Transposed transposed) {
        quantizeTransposed(target.values(), transposed, random);
      } else {
        convert(target.values(), (Tensor) cast);
      }
    }
  }

  /**
   * Fills every cast of {@code target} with one scale for all, taken from the {@link
   * io.octavo.quant.AmaxHistory} of the matrix, which then knows of one cast more. Where no entry
   * is above 0 the matrix's own amax gives the scale. Numbers that the scale does not reach
   * saturate.
   *
   * @param target with casts of one scale a tensor
   * @param history F32, as {@link io.octavo.quant.AmaxHistory} lays it out
   */
  default void castDelayed(CastTarget target, Tensor history, RandomStream random) {
    throw measuresEachTensor(target);
  }

  /**
   * As {@link #castDelayed}, in the place of the cast made last: the same matrix gets the same
   * casts again, and the history knows of no other cast.
   */
  default void recastDelayed(CastTarget target, Tensor history, RandomStream random) {
    throw measuresEachTensor(target);
  }

  private static UnsupportedOperationException measuresEachTensor(CastTarget target) {
    return new UnsupportedOperationException(
        "Cannot cast %s with a delayed scale: this backend measures each tensor; use another recipe"
            .formatted(target.values().shape()));
  }

  /** Writes {@code decode(code) * scale} of every element to {@code target}. */
  void dequantize(QuantizedTensor source, Tensor target);

  /** F32 to BF16 (nearest even), or BF16 to F32 (exact), by the types of the tensors. */
  void convert(Tensor source, Tensor target);
}
