package io.octavo.format;

/** Powers of two from 2^-127 (code 0) to 2^127 (code 254); 255 is NaN. No sign, no zero. */
public final class E8M0 {

  /** The code of NaN. */
  public static final int NAN = 0xFF;

  private static final int LARGEST = 0xFE;
  private static final int BIAS = 127;

  private E8M0() {}

  /** {@code 2^(code - 127)}. */
  public static float decode(int code) {
    return code == NAN ? Float.NaN : Math.scalb(1f, code - BIAS);
  }

  /**
   * Code of a number, saturating; NaN and negative numbers are NaN. Rounded in the value domain:
   * the middle between two powers goes up, also to nearest even.
   */
  public static int encode(float value, Rounding rounding, int randomBits) {
    if (Float.isNaN(value) || value < 0) {
      return NAN;
    }
    if (value >= 0x1p127f) {
      return LARGEST;
    }
    int exponent = value < 0x1p-126f ? -127 : Math.getExponent(value);
    double steps = Math.scalb((double) value, -exponent);
    long rounded = rounding.round(steps, randomBits);
    return exponent + BIAS + (rounded >= 2 ? 1 : 0);
  }

  /**
   * Code of the smallest power of two not below {@code scale}, saturating: a scale must not be
   * smaller than it ought. Integer form on the bits (spec: DeepSeek A2): a float logarithm errs at
   * powers of two.
   */
  public static int encodeUp(float scale) {
    int bits = Float.floatToRawIntBits(scale);
    if (Float.isNaN(scale)) {
      return NAN;
    }
    if (bits <= 1 << 22) {
      return 0;
    }
    return Math.min((bits - 1 >> 23) + 1, LARGEST);
  }
}
