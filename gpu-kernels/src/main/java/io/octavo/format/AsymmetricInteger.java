package io.octavo.format;

/**
 * Unsigned integers with a zero point, fitted to a range that need not be symmetric: {@code value =
 * (code - zeroPoint) * scale}. Zero is always a value of the grid.
 *
 * @param bits 2 to 8
 * @param scale distance of neighbouring values
 * @param zeroPoint code of zero
 */
public record AsymmetricInteger(int bits, float scale, int zeroPoint) {

  public AsymmetricInteger {
    boolean fits = bits >= 2 && bits <= 8 && zeroPoint >= 0 && zeroPoint <= largest(bits);
    if (!fits || !(scale > 0) || Float.isInfinite(scale)) {
      throw new IllegalArgumentException(
          "Invalid integer grid: %d bits, scale %s, zero point %d (expected 2 to 8 bits, a scale above 0, a code as zero point)"
              .formatted(bits, scale, zeroPoint));
    }
  }

  /**
   * The grid of the smallest scale that covers {@code [min, max]} and zero.
   *
   * @throws IllegalArgumentException where bits are not 2 to 8 or the range is not finite
   */
  public static AsymmetricInteger fit(int bits, float min, float max) {
    if (bits < 2 || bits > 8 || !(min <= max) || Float.isInfinite(max - min)) {
      throw new IllegalArgumentException(
          "Invalid integer grid: %d bits over [%s, %s] (expected 2 to 8 bits, a finite range)"
              .formatted(bits, min, max));
    }
    float low = Math.min(min, 0);
    float high = Math.max(max, 0);
    float scale = (high - low) / largest(bits);
    if (scale == 0) {
      return new AsymmetricInteger(bits, 1, 0);
    }
    return new AsymmetricInteger(bits, scale, (int) Math.rint(-low / (double) scale));
  }

  private static int largest(int bits) {
    return (1 << bits) - 1;
  }

  /** The code of a number, saturating; NaN becomes the zero point. */
  public int encode(float value, Rounding rounding, int randomBits) {
    if (Float.isNaN(value)) {
      return zeroPoint;
    }
    double steps = value / (double) scale;
    double limit = largest(bits) + 1.0;
    long rounded = rounding.round(Math.min(Math.abs(steps), limit), randomBits);
    long code = zeroPoint + (steps < 0 ? -rounded : rounded);
    return (int) Math.max(0, Math.min(largest(bits), code));
  }

  /** The number a code means. */
  public float decode(int code) {
    return (code - zeroPoint) * scale;
  }
}
