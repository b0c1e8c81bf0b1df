package io.octavo.kernel;

import io.octavo.tensor.Tensor;

/** AdamW over one rank's flat range of parameters, and what goes with it. */
public interface OptimizerKernels {

  /**
   * One step of AdamW with decoupled weight decay: {@code m = b1 m + (1-b1) g}, {@code v = b2 v +
   * (1-b2) g^2}, {@code p -= lr (m / den + decay p)} with {@code den = (sqrt(v) / sqrt(1 - b2^t) +
   * eps) (1 - b1^t)}.
   *
   * @param step t, starting at 1
   * @param gradientFactor g is the stored gradient times this (averaging and clipping)
   */
  record AdamWStep(
      long step,
      float learningRate,
      float beta1,
      float beta2,
      float epsilon,
      float weightDecay,
      float gradientFactor) {}

  /**
   * One moment in FP32 (F32 values) or BF16 (BF16 values), or as FP8 codes by {@link Fp8Moment}.
   */
  sealed interface Moment permits PlainMoment, Fp8Moment {}

  /** A moment stored as numbers, F32 or BF16 (rounded to nearest even at store). */
  record PlainMoment(Tensor values) implements Moment {}

  /**
   * COAT's moment: E4M3 codes in groups of 128 with dynamic range expansion; for each group the
   * scale, the exponent k and the centre c, all F32 (spec: COAT section 3, 2.1875 bytes for two).
   */
  record Fp8Moment(Tensor codes, Tensor scales, Tensor exponents, Tensor centres)
      implements Moment {}

  /** Elements that share scale, exponent and centre of an {@link Fp8Moment}. */
  int GROUP = 128;

  /**
   * Updates {@code parameters} and both moments in one pass. All are flat and start at a group
   * boundary; the update uses the moments of this step before they are stored.
   */
  void adamW(Tensor parameters, Tensor gradients, Moment first, Moment second, AdamWStep step);

  /** Sets an {@link Fp8Moment} to exact zeros (codes 0, scale 0, k 1, c 1); others to zero. */
  void reset(Moment moment);

  /** Sum of squares in double, in an order that does not depend on the number of threads. */
  double sumOfSquares(Tensor values);
}
