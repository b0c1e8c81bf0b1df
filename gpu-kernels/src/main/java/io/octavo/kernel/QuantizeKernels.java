package io.octavo.kernel;

import io.octavo.quant.RandomStream;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;

/** Casts between FP32 and narrow formats. Every backend gives the same bits. */
public interface QuantizeKernels {

  /**
   * Casts {@code source} (F32) as {@code target.spec()} says: computes amax and scale of each group
   * (just in time), writes {@code target.scales()} and {@code target.codes()}.
   *
   * <p>Element {@code i} of a stochastic cast draws {@code random.bits(i)}; other roundings ignore
   * {@code random}. Saturating; NaN stays NaN where the format has one and becomes 0 where not; a
   * group whose amax is 0 has scale 1.
   */
  void quantize(Tensor source, QuantizedTensor target, RandomStream random);

  /** Writes {@code decode(code) * scale} of every element to {@code target} (F32). */
  void dequantize(QuantizedTensor source, Tensor target);

  /** F32 to BF16 (nearest even), or BF16 to F32 (exact), by the types of the tensors. */
  void convert(Tensor source, Tensor target);
}
