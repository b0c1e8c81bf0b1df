package io.octavo.format;

/**
 * A sign, exponent bits and mantissa bits.
 *
 * @param exponentBits 1 to 7
 * @param mantissaBits 0 to 6
 * @param specialCodes what the highest codes mean
 */
public record Minifloat(int exponentBits, int mantissaBits, SpecialCodes specialCodes)
    implements ElementFormat {

  @Override
  public int bits() {
    return 1 + exponentBits + mantissaBits;
  }

  @Override
  public float maxFinite() {
    throw new UnsupportedOperationException("being written");
  }

  @Override
  public float decode(int code) {
    throw new UnsupportedOperationException("being written");
  }

  @Override
  public int encode(float value, Rounding rounding, int randomBits) {
    throw new UnsupportedOperationException("being written");
  }
}
