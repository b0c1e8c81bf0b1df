package io.octavo.reference;

import io.octavo.format.ElementFormat;
import io.octavo.format.Rounding;

/**
 * COAT's dynamic range expansion of one group (arXiv 2410.19313, section 4; spec: COAT 2.1.2).
 *
 * <p>{@code y = sign(z) (|z| / c)^k} stretches the group's range of magnitudes to what E4M3 holds.
 * Unlike the authors' kernel, a group whose magnitudes are all equal is stored unexpanded (theirs
 * gives NaN), the minimum skips every zero, and k is at most {@value #LARGEST_EXPONENT}.
 *
 * @param scale s of {@code code * s}
 * @param exponent k
 * @param centre c
 */
record ExpandedMoment(float scale, float exponent, float centre) {

  /** {@code 448^2 / 2}: the ratio of largest to smallest magnitude that E4M3 keeps. */
  static final double RANGE = 448.0 * 448.0 / 2;

  static final float LARGEST_EXPONENT = 64;
  private static final float TINY = 1e-30f;

  /** Scale, exponent and centre for the numbers of a group. */
  static ExpandedMoment of(float[] values, int from, int to) {
    float largest = 0;
    float smallest = Float.POSITIVE_INFINITY;
    for (int i = from; i < to; i++) {
      float magnitude = Math.abs(values[i]);
      largest = Math.max(largest, magnitude);
      if (magnitude > 0) {
        smallest = Math.min(smallest, magnitude);
      }
    }
    if (largest == 0) {
      return new ExpandedMoment(0, 1, 1);
    }
    largest += TINY;
    smallest += TINY;
    double ratio = (double) largest / smallest;
    if (ratio <= 1 + 0x1p-10) {
      return new ExpandedMoment(largest / 448f, 1, 1);
    }
    double k = Math.floor(Math.log(RANGE) / Math.log(ratio) * 16) / 16;
    float exponent = (float) Math.min(k, LARGEST_EXPONENT);
    float centre = (float) (Math.sqrt(largest) * Math.sqrt(smallest));
    float scale = (float) (Math.pow(largest / (double) centre, exponent) / 448);
    return new ExpandedMoment(scale, exponent, centre);
  }

  /** E4M3 code of a number of the group. */
  byte encode(float value) {
    if (scale == 0) {
      return 0;
    }
    double expanded = Math.pow(Math.abs(value) / (double) centre, exponent) / scale;
    float signed = (float) Math.copySign(expanded, value);
    return (byte) ElementFormat.E4M3.encode(signed, Rounding.NEAREST_EVEN, 0);
  }

  /** The number a code of the group means. */
  float decode(byte code) {
    float value = ElementFormat.E4M3.decode(code & 0xFF) * scale;
    double magnitude = Math.pow(Math.abs(value), 1.0 / exponent) * centre;
    return (float) Math.copySign(magnitude, value);
  }
}
