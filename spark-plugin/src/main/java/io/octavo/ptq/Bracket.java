package io.octavo.ptq;

/** Which power of two a number between two becomes. */
public enum Bracket {
  /** The larger. */
  CEIL,
  /** The nearer by ratio: up from the square root of two on. */
  NEAREST,
  /** The smaller. */
  FLOOR;

  /**
   * The exponent of the power of two.
   *
   * @param value above 0 and finite; taken apart by its bits, since logarithms err at powers of two
   */
  int exponent(double value) {
    int exponent = Math.getExponent(value);
    double significand = Math.scalb(value, -exponent);
    boolean up =
        switch (this) {
          case CEIL -> significand > 1;
          case NEAREST -> significand * significand >= 2;
          case FLOOR -> false;
        };
    return up ? exponent + 1 : exponent;
  }
}
