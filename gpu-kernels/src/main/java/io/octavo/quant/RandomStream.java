package io.octavo.quant;

import io.octavo.format.Philox;

/**
 * A position in the counter-based Philox4x32-10 sequence of a seed: every backend draws the same
 * bits for the same element, in any order.
 *
 * @param seed the key
 * @param stream which of 2^64 independent sequences, for example step and tensor
 */
public record RandomStream(long seed, long stream) {

  /** For casts that draw nothing. */
  public static final RandomStream NONE = new RandomStream(0, 0);

  /** 32 uniform bits for element {@code index}. */
  public int bits(long index) {
    return Philox.bits(seed, stream, index);
  }

  /** A uniform number in {@code (0, 1)} for element {@code index}. */
  public double uniform(long index) {
    return (Integer.toUnsignedLong(bits(index)) + 0.5) * 0x1p-32;
  }

  /** A standard normal number for element {@code index} (Box and Muller's cosine branch). */
  public double normal(long index) {
    double radius = Math.sqrt(-2 * Math.log(uniform(2 * index)));
    return radius * Math.cos(2 * Math.PI * uniform(2 * index + 1));
  }
}
