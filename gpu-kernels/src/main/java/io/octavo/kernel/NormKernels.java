package io.octavo.kernel;

import io.octavo.tensor.Operand;
import io.octavo.tensor.Tensor;

/** RMSNorm: {@code y = x * rstd * weight}, {@code rstd = 1 / sqrt(mean(x^2) + eps)} per row. */
public interface NormKernels {

  /**
   * Writes {@code y[M,C]} and {@code rstd[M]} from {@code x[M,C]}, {@code weight[C]}.
   *
   * @param x numbers, or codes of which the numbers are taken
   */
  void rmsNorm(Operand x, Tensor weight, float eps, Tensor y, Tensor rstd);

  /**
   * Gradient of {@link #rmsNorm}: adds to {@code dx[M,C]} and to {@code dweight[C]}. Sums over rows
   * in an order that does not depend on the number of threads.
   */
  void rmsNormBackward(Tensor dy, Operand x, Tensor weight, Tensor rstd, Tensor dx, Tensor dweight);
}
