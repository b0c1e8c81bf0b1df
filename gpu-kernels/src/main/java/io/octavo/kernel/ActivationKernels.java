package io.octavo.kernel;

import io.octavo.tensor.Tensor;

/** Elementwise layers: SwiGLU, residual add, bias. */
public interface ActivationKernels {

  /** {@code out = silu(gate) * up}, elementwise; {@code silu(x) = x / (1 + exp(-x))}. */
  void swiGlu(Tensor gate, Tensor up, Tensor out);

  /** Writes {@code dgate}, {@code dup}; {@code dgate} may be {@code gate} and {@code dup up}. */
  void swiGluBackward(Tensor dout, Tensor gate, Tensor up, Tensor dgate, Tensor dup);

  /** {@code target += source}. */
  void add(Tensor source, Tensor target);

  /** {@code target *= factor}. */
  void scale(Tensor target, float factor);

  /** Adds {@code bias[N]} to every row of {@code y[M,N]}. */
  void addBias(Tensor bias, Tensor y);

  /** Adds the column sums of {@code dy[M,N]} to {@code dbias[N]}, in a fixed order. */
  void biasBackward(Tensor dy, Tensor dbias);
}
