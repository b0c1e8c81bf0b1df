package io.octavo.format;

/** IEEE binary16: 5 exponent bits, 10 mantissa bits. */
public final class Half {

  private Half() {}

  /** The number a code means. */
  public static float decode(short code) {
    int exponent = code >> 10 & 0x1F;
    int mantissa = code & 0x3FF;
    float sign = code < 0 ? -1 : 1;
    if (exponent == 0x1F) {
      return mantissa == 0 ? sign * Float.POSITIVE_INFINITY : Float.NaN;
    }
    return exponent == 0
        ? sign * Math.scalb((float) mantissa, -24)
        : sign * Math.scalb(1 + mantissa / 1024f, exponent - 15);
  }

  /** Bits of the FP32 numbers 65,520, from which on all round to infinity, and 2^-14. */
  private static final int OVERFLOW = 0x477FF000;

  private static final int LEAST_NORMAL = 0x38800000;

  /** Mantissa bits that FP32 has more, and what its exponents are more. */
  private static final int DROPPED = 13;

  private static final int REBIAS = 127 - 15 << 23;

  /** Nearest, ties to even; overflow becomes infinity. */
  public static short encode(float value) {
    int bits = Float.floatToRawIntBits(value);
    int sign = bits >>> 16 & 0x8000;
    int magnitude = bits & 0x7FFFFFFF;
    if (magnitude >= LEAST_NORMAL && magnitude < OVERFLOW) {
      int half = (1 << DROPPED - 1) - 1 + (magnitude >> DROPPED & 1);
      return (short) (sign | magnitude - REBIAS + half >> DROPPED);
    }
    if (magnitude < LEAST_NORMAL) {
      return (short) (sign | (int) Math.rint(Math.abs(value) * 0x1p24f));
    }
    return (short) (sign | (Float.isNaN(value) ? 0x7E00 : 0x7C00));
  }
}
