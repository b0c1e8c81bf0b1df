package io.octavo.spark.feed;

/** SplitMix64's finalizer: a bijection on 64-bit words that looks random. */
final class Hashing {

  private Hashing() {}

  static long mix(long word) {
    long z = word + 0x9E3779B97F4A7C15L;
    z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
    z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
    return z ^ z >>> 31;
  }

  /** A key for a sample in an epoch. */
  static long key(long seed, long epoch, long id) {
    return mix(mix(mix(seed) ^ epoch) ^ id);
  }
}
