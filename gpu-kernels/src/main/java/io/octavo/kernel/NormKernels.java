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

  /**
   * Replaces heads of every row of {@code x} by their RMSNorm, each head by itself.
   *
   * @param x {@code [M, W]}; heads of {@code weight}'s length lie one after the other
   * @param firstHead the first that is normed
   * @param heads how many are
   * @param weight {@code [D]}
   */
  default void rmsNormHeads(Tensor x, int firstHead, int heads, Tensor weight, float eps) {
    throw new UnsupportedOperationException(
        "Cannot norm %d heads of %s: this backend does not serve models that do"
            .formatted(heads, x.shape()));
  }
}
