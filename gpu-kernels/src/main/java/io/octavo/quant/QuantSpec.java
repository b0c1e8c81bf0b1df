package io.octavo.quant;

import io.octavo.format.ElementFormat;
import io.octavo.format.Rounding;
import io.octavo.format.ScaleFormat;

/**
 * A full description of one cast.
 *
 * @param element what a code means
 * @param scale which numbers a scale may be
 * @param granularity how many elements share a scale
 * @param rounding which neighbour a number between two codes becomes
 */
public record QuantSpec(
    ElementFormat element, ScaleFormat scale, Granularity granularity, Rounding rounding) {

  /** The spec of a cast of the transposed matrix: what shares a scale turns with the matrix. */
  public QuantSpec ofTransposed() {
    return new QuantSpec(element, scale, granularity.ofTransposed(), rounding);
  }

  /**
   * Whether the cast of the transposed matrix has the transposed numbers of the matrix's cast. Not
   * where rounding draws: the draw of an element goes by its place.
   */
  public boolean transposesExactly() {
    return granularity.transposesExactly() && rounding != Rounding.STOCHASTIC;
  }

  /** Nearest-even cast with one FP32 scale a tensor. */
  public static QuantSpec perTensor(ElementFormat element) {
    return new QuantSpec(
        element, ScaleFormat.FP32, new Granularity.PerTensor(), Rounding.NEAREST_EVEN);
  }
}
