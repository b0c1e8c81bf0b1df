package io.octavo.kernel;

/** The generator of the specification's oracles: SplitMix64, uniforms, Box and Muller's pairs. */
final class SplitMix {

  private SplitMix() {}

  static long raw(long seed, long i) {
    long z = seed + i * 0x9E3779B97F4A7C15L;
    z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
    z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
    return z ^ z >>> 31;
  }

  private static double uniform(long seed, long i) {
    return (raw(seed, i) >>> 11) * 0x1p-53;
  }

  /** {@code n} normal numbers, n even. */
  static double[] normal(long seed, int n) {
    double[] values = new double[n];
    for (int j = 0; j < n; j += 2) {
      double radius = Math.sqrt(-2 * Math.log(1 - uniform(seed, j + 1)));
      double angle = 2 * Math.PI * uniform(seed, j + 2);
      values[j] = radius * Math.cos(angle);
      values[j + 1] = radius * Math.sin(angle);
    }
    return values;
  }
}
