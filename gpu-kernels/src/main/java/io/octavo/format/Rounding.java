package io.octavo.format;

/** Which neighbour a number between two codes becomes. */
public enum Rounding {
  /** The nearer; of two equally near, the one with an even code. */
  NEAREST_EVEN,
  /** The nearer; of two equally near, the one of larger magnitude. */
  NEAREST_AWAY,
  /** The one of smaller magnitude. */
  TOWARD_ZERO,
  /** Either, with probability of its nearness. */
  STOCHASTIC;

  /**
   * A magnitude, counted in steps of the grid, as a whole number of steps.
   *
   * @param steps 0 or more
   * @param randomBits 32 uniform bits for {@link #STOCHASTIC}
   */
  long round(double steps, int randomBits) {
    double floor = Math.floor(steps);
    double rest = steps - floor;
    boolean up =
        switch (this) {
          case NEAREST_EVEN -> rest > 0.5 || rest == 0.5 && ((long) floor & 1) == 1;
          case NEAREST_AWAY -> rest >= 0.5;
          case TOWARD_ZERO -> false;
          case STOCHASTIC -> Integer.toUnsignedLong(randomBits) < rest * 0x1p32;
        };
    return (long) floor + (up ? 1 : 0);
  }
}
