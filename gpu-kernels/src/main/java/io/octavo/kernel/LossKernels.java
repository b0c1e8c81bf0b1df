package io.octavo.kernel;

import io.octavo.tensor.Tensor;

/** Softmax cross-entropy over a chunk of logits. */
public interface LossKernels {

  /** Target value of a row that has no target: adds no loss and gets no gradient. */
  int IGNORED = -100;

  /** Elements of logits that are best computed at once on this device. */
  long chunkElements();

  /**
   * Writes the negative log-likelihood of each row's target to {@code losses[m]} (0 where ignored).
   *
   * @param logits {@code [m, V]}
   * @param targets {@code I32 [m]}, ids or {@link #IGNORED}
   */
  void crossEntropy(Tensor logits, Tensor targets, Tensor losses);

  /**
   * As {@link #crossEntropy}, then replaces {@code logits} by {@code (softmax - onehot) * scale},
   * zero in ignored rows.
   */
  void crossEntropyBackward(Tensor logits, Tensor targets, Tensor losses, float scale);
}
