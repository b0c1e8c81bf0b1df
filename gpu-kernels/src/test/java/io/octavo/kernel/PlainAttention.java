package io.octavo.kernel;

import io.octavo.kernel.AttentionKernels.Geometry;

/**
 * Attention as the textbook has it, in double, a head at a time: queries, keys and values apart,
 * the whole matrix of probabilities, and the gradient of softmax from its own rows.
 */
final class PlainAttention {

  private final Geometry g;
  private final int[] starts;

  /** {@code [M, Hq D]}. */
  final double[] out;

  /** {@code [M, (Hq + 2 Hkv) D]}. */
  final double[] dqkv;

  PlainAttention(Geometry g, float[] qkv, int[] starts, float[] dout) {
    this.g = g;
    this.starts = starts;
    out = new double[g.rows() * g.queryWidth()];
    dqkv = new double[g.rows() * g.qkvWidth()];
    for (int sequence = 0; sequence < g.batch(); sequence++) {
      for (int head = 0; head < g.queryHeads(); head++) {
        addHead(sequence * g.time(), head, qkv, dout);
      }
    }
  }

  private void addHead(int firstRow, int head, float[] qkv, float[] dout) {
    int d = g.headSize();
    int keyHead = head / (g.queryHeads() / g.keyValueHeads());
    int queryColumn = head * d;
    int keyColumn = (g.queryHeads() + keyHead) * d;
    int valueColumn = (g.queryHeads() + g.keyValueHeads() + keyHead) * d;
    double[][] q = columns(qkv, g.qkvWidth(), firstRow, queryColumn);
    double[][] k = columns(qkv, g.qkvWidth(), firstRow, keyColumn);
    double[][] v = columns(qkv, g.qkvWidth(), firstRow, valueColumn);
    double[][] gradient = columns(dout, g.queryWidth(), firstRow, queryColumn);
    for (int i = 0; i < g.time(); i++) {
      double[] p = probabilities(q[i], k, starts[firstRow + i], i);
      double[] dp = new double[i + 1];
      double expected = 0;
      for (int j = 0; j <= i; j++) {
        dp[j] = dot(gradient[i], v[j]);
        expected += p[j] * dp[j];
      }
      for (int j = 0; j <= i; j++) {
        double ds = p[j] * (dp[j] - expected) / Math.sqrt(d);
        int row = (firstRow + i) * g.qkvWidth();
        int seen = (firstRow + j) * g.qkvWidth();
        for (int c = 0; c < d; c++) {
          out[(firstRow + i) * g.queryWidth() + queryColumn + c] += p[j] * v[j][c];
          dqkv[row + queryColumn + c] += ds * k[j][c];
          dqkv[seen + keyColumn + c] += ds * q[i][c];
          dqkv[seen + valueColumn + c] += p[j] * gradient[i][c];
        }
      }
    }
  }

  /** Of query {@code i} over keys 0 to i; zero for those of an earlier document. */
  private static double[] probabilities(double[] query, double[][] keys, int start, int i) {
    double[] p = new double[i + 1];
    double sum = 0;
    for (int j = start; j <= i; j++) {
      p[j] = Math.exp(dot(query, keys[j]) / Math.sqrt(query.length));
      sum += p[j];
    }
    for (int j = start; j <= i; j++) {
      p[j] /= sum;
    }
    return p;
  }

  private double[][] columns(float[] matrix, int width, int firstRow, int column) {
    double[][] head = new double[g.time()][g.headSize()];
    for (int t = 0; t < g.time(); t++) {
      for (int c = 0; c < g.headSize(); c++) {
        head[t][c] = matrix[(firstRow + t) * width + column + c];
      }
    }
    return head;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
