package io.octavo.format;

/** The meaning of a code of at most 8 bits. */
public sealed interface ElementFormat permits Minifloat, IntegerFormat {

  /** FP8 for forward tensors: OCP E4M3, largest number 448. */
  Minifloat E4M3 = new Minifloat(4, 3, SpecialCodes.FINITE_NAN);

  /** FP8 for gradients: OCP E5M2, largest number 57344. */
  Minifloat E5M2 = new Minifloat(5, 2, SpecialCodes.IEEE);

  /** FP4: OCP E2M1, magnitudes 0, 0.5, 1, 1.5, 2, 3, 4, 6. */
  Minifloat E2M1 = new Minifloat(2, 1, SpecialCodes.NONE);

  /** Bits of a code, right-aligned in a byte. */
  int bits();

  /** The largest finite magnitude. */
  float maxFinite();

  /** The number a code means; NaN and infinity where the format has them. */
  float decode(int code);

  /**
   * The code of a number, saturating: beyond {@link #maxFinite()}, infinity included, it is the
   * code of the largest magnitude; NaN is NaN where the format has one, else 0.
   *
   * @param randomBits 32 uniform bits that {@link Rounding#STOCHASTIC} draws on; ignored otherwise
   */
  int encode(float value, Rounding rounding, int randomBits);
}
