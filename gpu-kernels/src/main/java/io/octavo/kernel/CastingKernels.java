package io.octavo.kernel;

import io.octavo.tensor.CastTarget;
import io.octavo.tensor.Operand;
import io.octavo.tensor.Tensor;

/**
 * Layers whose result only products read, as casts with scales measured just in time. The values of
 * a {@link CastTarget} are room for the result, which a backend need not write: what lies there
 * afterwards is not said.
 */
public interface CastingKernels {

  /**
   * Casts of {@link NormKernels#rmsNorm} of {@code x}.
   *
   * @param kept {@code x} itself, or codes that {@code x} is cast to first and then read from
   * @param rstd {@code [M]}, written
   */
  void rmsNorm(Tensor x, Operand kept, Tensor weight, float eps, Tensor rstd, CastTarget y);

  /**
   * Casts of {@link ActivationKernels#swiGlu} of {@code gateUp}.
   *
   * @param kept as in {@link #rmsNorm}
   */
  void swiGlu(Tensor gateUp, Operand kept, CastTarget out);

  /** Casts of {@link ActivationKernels#swiGluBackward}; the values are none of the operands. */
  void swiGluBackward(Tensor dout, Operand gateUp, CastTarget dGateUp);
}
