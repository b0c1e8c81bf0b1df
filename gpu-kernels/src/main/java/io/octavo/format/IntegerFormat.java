package io.octavo.format;

/**
 * Symmetric integers: two's complement codes of the magnitudes 0 to {@code 2^(bits-1) - 1}. The
 * most negative code is not used, so that the grid is the same on both sides.
 *
 * @param bits 2 to 8
 */
public record IntegerFormat(int bits) implements ElementFormat {

  public IntegerFormat {
    if (bits < 2 || bits > 8) {
      throw new IllegalArgumentException(
          "Invalid integer format: %d bits (expected 2 to 8)".formatted(bits));
    }
  }

  @Override
  public float maxFinite() {
    return (1 << (bits - 1)) - 1;
  }

  @Override
  public float decode(int code) {
    int unused = Integer.SIZE - bits;
    return code << unused >> unused;
  }

  /** As for every format; NaN becomes 0. */
  @Override
  public int encode(float value, Rounding rounding, int randomBits) {
    if (Float.isNaN(value)) {
      return 0;
    }
    double magnitude = Math.min(Math.abs(value), maxFinite());
    long rounded = rounding.round(magnitude, randomBits);
    return (int) (value < 0 ? -rounded : rounded) & (1 << bits) - 1;
  }

  @Override
  public String toString() {
    return "INT" + bits;
  }
}
