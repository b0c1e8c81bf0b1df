package io.octavo.quant;

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
}
