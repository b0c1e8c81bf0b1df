package io.octavo.reference;

import io.octavo.kernel.AttentionKernels;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Tensor;

/** One query at a time: scores of its visible keys, softmax, weighted sum. */
final class ReferenceAttentionKernels implements AttentionKernels {

  @Override
  public void forward(Geometry g, Tensor qkv, Tensor documentStart, Tensor out, Tensor lse) {
    float[] all = HostBuffer.of(qkv).toFloats();
    int[] start = HostBuffer.of(documentStart).toInts();
    float[] result = new float[g.rows() * g.queryWidth()];
    float[] logSum = new float[g.rows() * g.queryHeads()];
    for (int row = 0; row < g.rows(); row++) {
      for (int head = 0; head < g.queryHeads(); head++) {
        Visible visible = new Visible(g, row, head, start[row]);
        double[] scores = visible.scores(all);
        double lseOfRow = logSumExp(scores);
        logSum[row * g.queryHeads() + head] = (float) lseOfRow;
        for (int c = 0; c < g.headSize(); c++) {
          double weighted = 0;
          for (int j = 0; j < scores.length; j++) {
            weighted += Math.exp(scores[j] - lseOfRow) * all[visible.valueAt(j) + c];
          }
          result[visible.outAt() + c] = (float) weighted;
        }
      }
    }
    HostBuffer.of(out).put(result);
    HostBuffer.of(lse).put(logSum);
  }

  private static double logSumExp(double[] scores) {
    double max = Double.NEGATIVE_INFINITY;
    for (double score : scores) {
      max = Math.max(max, score);
    }
    double sum = 0;
    for (double score : scores) {
      sum += Math.exp(score - max);
    }
    return max + Math.log(sum);
  }

  @Override
  public long workspaceElements(Geometry geometry) {
    return 0;
  }

  @Override
  public void backward(
      Geometry g,
      Tensor qkv,
      Tensor documentStart,
      Tensor out,
      Tensor lse,
      Tensor dout,
      Tensor dqkv,
      Tensor workspace) {
    float[] all = HostBuffer.of(qkv).toFloats();
    int[] start = HostBuffer.of(documentStart).toInts();
    float[] result = HostBuffer.of(out).toFloats();
    float[] logSum = HostBuffer.of(lse).toFloats();
    float[] gradient = HostBuffer.of(dout).toFloats();
    double[] sums = new double[all.length];
    int d = g.headSize();
    for (int row = 0; row < g.rows(); row++) {
      for (int head = 0; head < g.queryHeads(); head++) {
        Visible visible = new Visible(g, row, head, start[row]);
        double[] scores = visible.scores(all);
        int outAt = visible.outAt();
        int query = visible.queryAt();
        double delta = 0;
        for (int c = 0; c < d; c++) {
          delta += (double) gradient[outAt + c] * result[outAt + c];
        }
        for (int j = 0; j < scores.length; j++) {
          int key = visible.keyAt(j);
          int value = visible.valueAt(j);
          double p = Math.exp(scores[j] - logSum[row * g.queryHeads() + head]);
          double dp = 0;
          for (int c = 0; c < d; c++) {
            dp += (double) gradient[outAt + c] * all[value + c];
            sums[value + c] += p * gradient[outAt + c];
          }
          double ds = p * (dp - delta) * g.scale();
          for (int c = 0; c < d; c++) {
            sums[query + c] += ds * all[key + c];
            sums[key + c] += ds * all[query + c];
          }
        }
      }
    }
    HostBuffer.of(dqkv).put(rounded(sums));
  }

  private static float[] rounded(double[] values) {
    float[] result = new float[values.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = (float) values[i];
    }
    return result;
  }

  /** What one query of one head sees: keys from {@code first} to its own position. */
  private record Visible(Geometry g, int row, int head, int first) {

    int outAt() {
      return row * g.queryWidth() + head * g.headSize();
    }

    int queryAt() {
      return row * g.qkvWidth() + head * g.headSize();
    }

    int keyAt(int j) {
      int keyRow = row / g.time() * g.time() + first + j;
      int keyHead = head / (g.queryHeads() / g.keyValueHeads());
      return keyRow * g.qkvWidth() + g.queryWidth() + keyHead * g.headSize();
    }

    int valueAt(int j) {
      return keyAt(j) + g.keyValueHeads() * g.headSize();
    }

    double[] scores(float[] qkv) {
      double[] scores = new double[row % g.time() - first + 1];
      for (int j = 0; j < scores.length; j++) {
        double dot = 0;
        for (int c = 0; c < g.headSize(); c++) {
          dot += (double) qkv[queryAt() + c] * qkv[keyAt(j) + c];
        }
        scores[j] = dot * g.scale();
      }
      return scores;
    }
  }
}
