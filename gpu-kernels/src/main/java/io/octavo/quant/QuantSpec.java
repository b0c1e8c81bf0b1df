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

  /** Nearest-even cast with one FP32 scale a tensor. */
  public static QuantSpec perTensor(ElementFormat element) {
    return new QuantSpec(
        element, ScaleFormat.FP32, new Granularity.PerTensor(), Rounding.NEAREST_EVEN);
  }
}
