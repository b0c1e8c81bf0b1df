package io.octavo.model;

import io.octavo.kernel.GemmKernels;
import io.octavo.tensor.Tensor;

/**
 * How the model reaches the parameters of a unit, wherever they are kept. The tensors of a unit are
 * the same at every call; what they hold is meaningful between {@link #acquire} and {@link
 * #release}, and between {@link #beginGradients} and {@link #gradientsReady}.
 */
public interface UnitAccess {

  /** Flat F32 vector of a unit's weights. */
  Tensor weights(int unit);

  /** Flat F32 vector to which the gradients of a unit are added. */
  Tensor gradients(int unit);

  /** Makes the weights of a unit whole on this rank. */
  void acquire(int unit);

  /** The weights of a unit will not be read for now. */
  void release(int unit);

  /** Gradients of a unit are about to be added. */
  void beginGradients(int unit);

  /** Whether a micro-batch's gradients of linear weights replace what is there or are added. */
  GemmKernels.Accumulation accumulation(int microBatch);

  /** This micro-batch has added all it has to the gradients of a unit. */
  void gradientsReady(int unit);

  /** Changes whenever weights change; casts of weights are valid for one version. */
  long version();
}
