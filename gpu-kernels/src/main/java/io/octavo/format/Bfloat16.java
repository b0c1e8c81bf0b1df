package io.octavo.format;

/** The upper 16 bits of a binary32: 8 exponent bits, 7 mantissa bits. */
public final class Bfloat16 {

  private Bfloat16() {}

  /** Nearest BF16, ties to even; NaN stays NaN. */
  public static short encode(float value) {
    int bits = Float.floatToRawIntBits(value);
    if ((bits & 0x7FFFFFFF) > 0x7F800000) {
      return (short) (bits >> 16 | 0x40);
    }
    return (short) (bits + 0x7FFF + (bits >>> 16 & 1) >> 16);
  }

  /**
   * BF16 of a number by any rounding; beyond the largest finite number it is infinite, as in IEEE
   * 754, except {@link Rounding#TOWARD_ZERO}.
   *
   * @param randomBits 32 uniform bits for {@link Rounding#STOCHASTIC}
   */
  public static short encode(float value, Rounding rounding, int randomBits) {
    int bits = Float.floatToRawIntBits(value);
    if ((bits & 0x7FFFFFFF) >= 0x7F800000) {
      return encode(value);
    }
    long steps = rounding.round((bits & 0x7FFFFFFF) * 0x1p-16, randomBits);
    return (short) (bits >>> 16 & 0x8000 | (int) steps);
  }

  /** The binary32 with the same value. */
  public static float decode(short code) {
    return Float.intBitsToFloat(code << 16);
  }

  /** {@code value} rounded to BF16. */
  public static float round(float value) {
    return decode(encode(value));
  }
}
