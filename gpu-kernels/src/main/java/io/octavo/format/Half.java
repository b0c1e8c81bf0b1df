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

  /** Nearest, ties to even; overflow becomes infinity. */
  public static short encode(float value) {
    int sign = Float.floatToRawIntBits(value) >>> 16 & 0x8000;
    float magnitude = Math.abs(value);
    if (Float.isNaN(value)) {
      return (short) (sign | 0x7E00);
    }
    if (magnitude >= 65520f) {
      return (short) (sign | 0x7C00);
    }
    int exponent = Math.max(Math.getExponent(magnitude), -14);
    long steps = (long) Math.rint(Math.scalb((double) magnitude, 10 - exponent));
    return (short) (sign | (int) (steps + ((long) (exponent + 14) << 10)));
  }
}
