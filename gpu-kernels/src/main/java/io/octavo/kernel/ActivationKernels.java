package io.octavo.kernel;

import io.octavo.tensor.Operand;
import io.octavo.tensor.Tensor;

/** Elementwise layers: SwiGLU, residual add, bias. */
public interface ActivationKernels {

  /**
   * {@code out = silu(gate) * up}, elementwise; {@code silu(x) = x / (1 + exp(-x))}.
   *
   * @param gateUp {@code [M, 2 F]}: a row holds its gates, then its ups, as one projection leaves
   *     them; numbers, or codes of which the numbers are taken
   * @param out {@code [M, F]}
   */
  void swiGlu(Operand gateUp, Tensor out);

  /** Writes {@code dGateUp[M, 2 F]}, which may be {@code gateUp} where that is a tensor. */
  void swiGluBackward(Tensor dout, Operand gateUp, Tensor dGateUp);

  /** {@code target += source}. */
  void add(Tensor source, Tensor target);

  /** {@code target *= factor}. */
  void scale(Tensor target, float factor);

  /** Adds {@code bias[N]} to every row of {@code y[M,N]}. */
  void addBias(Tensor bias, Tensor y);

  /** Adds the column sums of {@code dy[M,N]} to {@code dbias[N]}, in a fixed order. */
  void biasBackward(Tensor dy, Tensor dbias);
}
