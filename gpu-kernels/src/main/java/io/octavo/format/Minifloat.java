package io.octavo.format;

/**
 * A sign, exponent bits and mantissa bits; gradual underflow.
 *
 * <p>Exponent field 0 means {@code m / 2^M * 2^(1-bias)}, others {@code (1 + m / 2^M) *
 * 2^(e-bias)}. Rounding is done in the value domain (spec: format zoo 1.1), so that the tie between
 * two powers of two of a format without mantissa goes up.
 *
 * @param exponentBits 1 to 7
 * @param mantissaBits 0 to 6; at least 1 where NaN needs a mantissa
 * @param specialCodes what the highest codes mean
 * @param bias what an exponent field is short of the exponent it means
 */
public record Minifloat(int exponentBits, int mantissaBits, SpecialCodes specialCodes, int bias)
    implements ElementFormat {

  /** A format with its convention's usual bias: {@code 2^(E-1) - 1}, one more for FNUZ. */
  public Minifloat(int exponentBits, int mantissaBits, SpecialCodes specialCodes) {
    this(
        exponentBits,
        mantissaBits,
        specialCodes,
        (1 << (exponentBits - 1)) - (specialCodes == SpecialCodes.FNUZ ? 0 : 1));
  }

  public Minifloat {
    int bits = 1 + exponentBits + mantissaBits;
    boolean fits = exponentBits >= 1 && mantissaBits >= 0 && bits >= 3 && bits <= 8;
    boolean degenerate =
        specialCodes == SpecialCodes.FINITE_NAN && mantissaBits == 0
            || specialCodes == SpecialCodes.IEEE && exponentBits == 1;
    if (!fits || degenerate) {
      throw new IllegalArgumentException(
          "Invalid minifloat: E%dM%d with %s codes (expected 3 to 8 bits, a mantissa for FINITE_NAN, 2 exponent bits for IEEE)"
              .formatted(exponentBits, mantissaBits, specialCodes));
    }
  }

  @Override
  public int bits() {
    return 1 + exponentBits + mantissaBits;
  }

  /** The code of {@link #maxFinite()}. */
  public int maxFiniteCode() {
    int all = (1 << (exponentBits + mantissaBits)) - 1;
    return switch (specialCodes) {
      case NONE, FNUZ -> all;
      case FINITE_NAN -> all - 1;
      case IEEE -> all - (1 << mantissaBits);
    };
  }

  @Override
  public float maxFinite() {
    return magnitude(maxFiniteCode());
  }

  /** Whether some code is NaN. E5M0 with IEEE codes has infinities but no NaN. */
  public boolean hasNan() {
    return specialCodes == SpecialCodes.FINITE_NAN
        || specialCodes == SpecialCodes.FNUZ
        || specialCodes == SpecialCodes.IEEE && mantissaBits > 0;
  }

  @Override
  public float decode(int code) {
    int sign = 1 << (exponentBits + mantissaBits);
    int magnitudeCode = code & (sign - 1);
    boolean negative = (code & sign) != 0;
    if (specialCodes == SpecialCodes.FNUZ && negative && magnitudeCode == 0) {
      return Float.NaN;
    }
    if (magnitudeCode > maxFiniteCode()) {
      boolean infinite = specialCodes == SpecialCodes.IEEE && magnitudeCode == maxFiniteCode() + 1;
      float special = infinite ? Float.POSITIVE_INFINITY : Float.NaN;
      return negative ? -special : special;
    }
    return negative ? -magnitude(magnitudeCode) : magnitude(magnitudeCode);
  }

  private float magnitude(int magnitudeCode) {
    int exponent = magnitudeCode >> mantissaBits;
    int mantissa = magnitudeCode & ((1 << mantissaBits) - 1);
    double fraction = (double) mantissa / (1 << mantissaBits);
    double value =
        exponent == 0
            ? Math.scalb(fraction, 1 - bias())
            : Math.scalb(1 + fraction, exponent - bias());
    return (float) value;
  }

  @Override
  public int encode(float value, Rounding rounding, int randomBits) {
    int sign = 1 << (exponentBits + mantissaBits);
    if (Float.isNaN(value)) {
      return hasNan() ? nanCode() : 0;
    }
    int signBit = Float.floatToRawIntBits(value) < 0 ? sign : 0;
    int magnitudeCode = encodeMagnitude(Math.abs(value), rounding, randomBits);
    boolean minusZeroIsNan = specialCodes == SpecialCodes.FNUZ && magnitudeCode == 0;
    return minusZeroIsNan ? 0 : signBit | magnitudeCode;
  }

  private int nanCode() {
    int sign = 1 << (exponentBits + mantissaBits);
    return switch (specialCodes) {
      case FNUZ -> sign;
      case IEEE -> sign - 1 - ((1 << mantissaBits) - 1 >> 1);
      default -> sign - 1;
    };
  }

  /** Code of a magnitude: the number of steps in its binade, rounded, with carry. */
  private int encodeMagnitude(float magnitude, Rounding rounding, int randomBits) {
    if (magnitude >= maxFinite()) {
      return maxFiniteCode();
    }
    int exponent = Math.max(Math.getExponent(magnitude), 1 - bias());
    double steps = Math.scalb((double) magnitude, mantissaBits - exponent);
    long rounded = rounding.round(steps, randomBits);
    // Steps count from the start of the subnormals: a normal binade adds its exponent field.
    long code = rounded + ((long) (exponent + bias() - 1) << mantissaBits);
    return (int) Math.min(code, maxFiniteCode());
  }

  @Override
  public String toString() {
    return "E%dM%d%s"
        .formatted(exponentBits, mantissaBits, specialCodes == SpecialCodes.FNUZ ? "FNUZ" : "");
  }
}
