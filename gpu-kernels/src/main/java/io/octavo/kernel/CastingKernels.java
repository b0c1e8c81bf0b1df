package io.octavo.kernel;

import io.octavo.tensor.CastTarget;
import io.octavo.tensor.Operand;
import io.octavo.tensor.Tensor;
import java.util.Optional;

/**
 * What casts what it has just computed. Of layers only products read the result: the values of a
 * {@link CastTarget} are room for it, which a backend need not write, and what lies there
 * afterwards is not said; scales are measured just in time. Updated weights are both written and
 * cast.
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

  /**
   * {@link OptimizerKernels#adamW} of a matrix, and the casts of what it then is: those of {@link
   * QuantizeKernels#cast}, or of {@link QuantizeKernels#castDelayed} where there is a history.
   * Where the factor is not finite they are the casts of the matrix as it stays.
   *
   * @param parameters the matrix, whose first number starts a group of the moments, and its casts
   * @param history of the matrix's amax, where its scale is delayed
   */
  void adamW(
      CastTarget parameters,
      Optional<Tensor> history,
      Tensor gradients,
      OptimizerKernels.Moment first,
      OptimizerKernels.Moment second,
      OptimizerKernels.AdamWRule rule,
      Tensor control);
}
