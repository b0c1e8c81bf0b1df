package io.octavo.kernel;

/**
 * Moments after 200 steps on gradients whose size differs by group and by element (spec: training
 * methods 6.3), before any quantization.
 *
 * @param first the first moment
 * @param second the second
 */
record SyntheticMoments(double[] first, double[] second) {

  private static final int GROUP = 128;
  private static final int STEPS = 200;
  private static final double CORRECTION_1 = 1 - Math.pow(0.9, STEPS);
  private static final double CORRECTION_2 = 1 - Math.pow(0.999, STEPS);

  static SyntheticMoments ofGroups(int groups) {
    int n = GROUP * groups;
    double[] group = SplitMix.normal(31, groups);
    double[] element = SplitMix.normal(32, n);
    double[] m = new double[n];
    double[] v = new double[n];
    for (int t = 0; t < STEPS; t++) {
      double[] g = SplitMix.normal(1000 + t, n);
      for (int i = 0; i < n; i++) {
        double gradient = g[i] * Math.exp(group[i / GROUP]) * 1e-4 * Math.exp(0.25 * element[i]);
        m[i] = 0.9 * m[i] + (1 - 0.9) * gradient;
        v[i] = 0.999 * v[i] + (1 - 0.999) * gradient * gradient;
      }
    }
    return new SyntheticMoments(m, v);
  }

  /** Relative squared error of the direction that stored moments give AdamW. */
  double directionError(double[] storedFirst, double[] storedSecond) {
    double error = 0;
    double size = 0;
    for (int i = 0; i < first.length; i++) {
      double wanted = direction(first[i], second[i]);
      double got = direction(storedFirst[i], storedSecond[i]);
      error += (got - wanted) * (got - wanted);
      size += wanted * wanted;
    }
    return error / size;
  }

  private static double direction(double m, double v) {
    return m / CORRECTION_1 / Math.sqrt(Math.max(v / CORRECTION_2, 1e-300));
  }
}
