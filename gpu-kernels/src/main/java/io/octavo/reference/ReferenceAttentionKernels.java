package io.octavo.reference;

import io.octavo.kernel.AttentionKernels;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Tensor;

/** One query at a time: scores of its visible keys, softmax, weighted sum. */
final class ReferenceAttentionKernels implements AttentionKernels {

  @Override
  public void forward(
      Geometry g, Tensor q, Tensor k, Tensor v, Tensor documentStart, Tensor out, Tensor lse) {
    float[] query = HostBuffer.of(q).toFloats();
    float[] key = HostBuffer.of(k).toFloats();
    float[] value = HostBuffer.of(v).toFloats();
    int[] start = HostBuffer.of(documentStart).toInts();
    float[] result = new float[query.length];
    float[] logSum = new float[g.rows() * g.queryHeads()];
    for (int row = 0; row < g.rows(); row++) {
      for (int head = 0; head < g.queryHeads(); head++) {
        Visible visible = new Visible(g, row, head, start[row]);
        double[] scores = visible.scores(query, key);
        double lseOfRow = logSumExp(scores);
        logSum[row * g.queryHeads() + head] = (float) lseOfRow;
        for (int c = 0; c < g.headSize(); c++) {
          double weighted = 0;
          for (int j = 0; j < scores.length; j++) {
            weighted += Math.exp(scores[j] - lseOfRow) * value[visible.keyAt(j) + c];
          }
          result[visible.queryAt() + c] = (float) weighted;
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
  public void backward(
      Geometry g,
      Tensor q,
      Tensor k,
      Tensor v,
      Tensor documentStart,
      Tensor out,
      Tensor lse,
      Tensor dout,
      Tensor dq,
      Tensor dk,
      Tensor dv) {
    float[] query = HostBuffer.of(q).toFloats();
    float[] key = HostBuffer.of(k).toFloats();
    float[] value = HostBuffer.of(v).toFloats();
    int[] start = HostBuffer.of(documentStart).toInts();
    float[] result = HostBuffer.of(out).toFloats();
    float[] logSum = HostBuffer.of(lse).toFloats();
    float[] gradient = HostBuffer.of(dout).toFloats();
    double[] dQuery = new double[query.length];
    double[] dKey = new double[key.length];
    double[] dValue = new double[value.length];
    int d = g.headSize();
    for (int row = 0; row < g.rows(); row++) {
      for (int head = 0; head < g.queryHeads(); head++) {
        Visible visible = new Visible(g, row, head, start[row]);
        double[] scores = visible.scores(query, key);
        int at = visible.queryAt();
        double delta = 0;
        for (int c = 0; c < d; c++) {
          delta += (double) gradient[at + c] * result[at + c];
        }
        for (int j = 0; j < scores.length; j++) {
          int from = visible.keyAt(j);
          double p = Math.exp(scores[j] - logSum[row * g.queryHeads() + head]);
          double dp = 0;
          for (int c = 0; c < d; c++) {
            dp += (double) gradient[at + c] * value[from + c];
            dValue[from + c] += p * gradient[at + c];
          }
          double ds = p * (dp - delta) * g.scale();
          for (int c = 0; c < d; c++) {
            dQuery[at + c] += ds * key[from + c];
            dKey[from + c] += ds * query[at + c];
          }
        }
      }
    }
    HostBuffer.of(dq).put(rounded(dQuery));
    HostBuffer.of(dk).put(rounded(dKey));
    HostBuffer.of(dv).put(rounded(dValue));
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

    int queryAt() {
      return (row * g.queryHeads() + head) * g.headSize();
    }

    int keyAt(int j) {
      int keyRow = row / g.time() * g.time() + first + j;
      int keyHead = head / (g.queryHeads() / g.keyValueHeads());
      return (keyRow * g.keyValueHeads() + keyHead) * g.headSize();
    }

    double[] scores(float[] query, float[] key) {
      double[] scores = new double[row % g.time() - first + 1];
      for (int j = 0; j < scores.length; j++) {
        double dot = 0;
        for (int c = 0; c < g.headSize(); c++) {
          dot += (double) query[queryAt() + c] * key[keyAt(j) + c];
        }
        scores[j] = dot * g.scale();
      }
      return scores;
    }
  }
}
