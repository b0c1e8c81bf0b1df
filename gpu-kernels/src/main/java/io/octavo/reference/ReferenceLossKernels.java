package io.octavo.reference;

import io.octavo.kernel.LossKernels;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Tensor;

/** Softmax cross-entropy row by row, in double. */
final class ReferenceLossKernels implements LossKernels {

  @Override
  public long chunkElements() {
    return 2L << 20;
  }

  @Override
  public void crossEntropy(Tensor logits, Tensor targets, Tensor losses) {
    float[] z = HostBuffer.of(logits).toFloats();
    int[] target = HostBuffer.of(targets).toInts();
    float[] loss = new float[target.length];
    for (int row = 0; row < target.length; row++) {
      if (target[row] != IGNORED) {
        int at = row * logits.columns();
        loss[row] = (float) (logSumExp(z, at, logits.columns()) - z[at + target[row]]);
      }
    }
    HostBuffer.of(losses).put(loss);
  }

  @Override
  public void crossEntropyBackward(Tensor logits, Tensor targets, Tensor losses, float scale) {
    crossEntropy(logits, targets, losses);
    int columns = logits.columns();
    float[] z = HostBuffer.of(logits).toFloats();
    int[] target = HostBuffer.of(targets).toInts();
    for (int row = 0; row < target.length; row++) {
      int at = row * columns;
      double logSum = logSumExp(z, at, columns);
      for (int c = 0; c < columns; c++) {
        double onehot = c == target[row] ? 1 : 0;
        boolean ignored = target[row] == IGNORED;
        z[at + c] = ignored ? 0 : (float) ((Math.exp(z[at + c] - logSum) - onehot) * scale);
      }
    }
    HostBuffer.of(logits).put(z);
  }

  private static double logSumExp(float[] z, int from, int count) {
    double max = Double.NEGATIVE_INFINITY;
    for (int c = 0; c < count; c++) {
      max = Math.max(max, z[from + c]);
    }
    double sum = 0;
    for (int c = 0; c < count; c++) {
      sum += Math.exp(z[from + c] - max);
    }
    return max + Math.log(sum);
  }
}
