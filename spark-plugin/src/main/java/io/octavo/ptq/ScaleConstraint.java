package io.octavo.ptq;

import java.io.Serializable;

/**
 * What numbers the scales of a weight may be (ZeroQuant-FP), so that 4-bit codes become FP8 by
 * their exponents alone.
 */
public sealed interface ScaleConstraint extends Serializable {

  /** Scales, and how many were moved further than rounding moves them. */
  record Constrained(float[] scales, int clamped) {}

  /**
   * The scales to use in place of the smallest that clip nothing.
   *
   * @param scales row-major {@code [rows, columns]}; 0 for groups of zeros, which may have any
   */
  Constrained constrain(float[] scales, int columns);

  private static float largest(float[] scales, int from, int to) {
    float largest = 0;
    for (int i = from; i < to; i++) {
      largest = Math.max(largest, scales[i]);
    }
    return largest;
  }

  /** Any FP32 number. */
  record Free() implements ScaleConstraint {
    @Override
    public Constrained constrain(float[] scales, int columns) {
      float[] free = scales.clone();
      for (int i = 0; i < free.length; i++) {
        free[i] = free[i] == 0 ? 1 : free[i];
      }
      return new Constrained(free, 0);
    }
  }

  /**
   * M1: powers of two. Scales more than {@value #BINADES} binades below the largest are raised to
   * there: below, codes times powers of two would not be E4M3 numbers.
   *
   * @param bracket up clips nothing and costs up to half the resolution; down is the other way
   *     round
   */
  record PowerOfTwo(Bracket bracket) implements ScaleConstraint {

    /** From 2^-8 to 2^6: where every E2M1 number times the power is an E4M3 number. */
    static final int BINADES = 14;

    @Override
    public Constrained constrain(float[] scales, int columns) {
      float largest = largest(scales, 0, scales.length);
      int most = largest == 0 ? 0 : bracket.exponent(largest);
      float[] powers = new float[scales.length];
      int clamped = 0;
      for (int i = 0; i < scales.length; i++) {
        int exponent = scales[i] == 0 ? most : bracket.exponent(scales[i]);
        clamped += exponent < most - BINADES ? 1 : 0;
        powers[i] = Math.scalb(1f, Math.max(exponent, most - BINADES));
      }
      return new Constrained(powers, clamped);
    }
  }

  /**
   * M2: the largest scale of some rows, divided by powers of two.
   *
   * @param bracket of the divisor: up makes scales smaller than they ought to be, and the largest
   *     numbers clip; down clips nothing
   * @param rows neighbouring rows that share the largest scale
   */
  record SharedFraction(Bracket bracket, int rows) implements ScaleConstraint {

    public SharedFraction {
      if (rows < 1) {
        throw new IllegalArgumentException(
            "Invalid rows of a shared scale: %d (expected 1 or more)".formatted(rows));
      }
    }

    @Override
    public Constrained constrain(float[] scales, int columns) {
      float[] fractions = new float[scales.length];
      int clamped = 0;
      int set = Math.multiplyExact(rows, columns);
      for (int from = 0; from < scales.length; from += set) {
        clamped += constrain(scales, from, Math.min(scales.length, from + set), fractions);
      }
      return new Constrained(fractions, clamped);
    }

    private int constrain(float[] scales, int from, int to, float[] target) {
      float largest = largest(scales, from, to);
      float shared = largest == 0 ? 1 : largest;
      int clamped = 0;
      for (int i = from; i < to; i++) {
        int halvings = scales[i] == 0 ? 0 : bracket.exponent((double) shared / scales[i]);
        clamped += halvings > PowerOfTwo.BINADES ? 1 : 0;
        target[i] = Math.scalb(shared, -Math.min(halvings, PowerOfTwo.BINADES));
      }
      return clamped;
    }
  }
}
