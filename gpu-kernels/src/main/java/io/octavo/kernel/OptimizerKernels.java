package io.octavo.kernel;

import io.octavo.tensor.Tensor;

/** AdamW over one rank's flat range of parameters, and what goes with it. */
public interface OptimizerKernels {

  /**
   * Where the numbers of a step lie in its control vector, F32 of {@link #CONTROL} elements on the
   * device, so that a captured step can be replayed with other numbers. The caller writes the first
   * four, {@link #finishNorm} or the caller the fifth.
   */
  int STEP = 0;

  /** Learning rate of this step. */
  int LEARNING_RATE = 1;

  /** What makes stored gradients those of the mean loss. */
  int MEAN = 2;

  /** Largest gradient norm of the mean loss; 0 for no clipping. */
  int CLIP_NORM = 3;

  /** Factor on stored gradients; not finite where weights and moments must stay as they are. */
  int FACTOR = 4;

  /** Elements of a control vector. */
  int CONTROL = 16;

  /**
   * Which of a step's totals is the sum of losses. Total {@code i} is the sum of elements {@code 2
   * i} and {@code 2 i + 1} of an F32 vector of {@link #TOTALS} elements: the nearest F32 and what
   * is left, so that sums keep double's precision.
   */
  int LOSS_SUM = 0;

  /** Which total is the sum of squares of the stored gradients. */
  int SQUARES = 1;

  /** Elements of a vector of totals. */
  int TOTALS = 16;

  /** What of AdamW is the same in every step. */
  record AdamWRule(float beta1, float beta2, float epsilon, float weightDecay) {}

  /** Adds the sum of {@code values} to a total, in a fixed order, summing in double. */
  void addSum(Tensor values, Tensor totals, int total);

  /** Adds the sum of squares of {@code values} to a total, in a fixed order, summing in double. */
  void addSumOfSquares(Tensor values, Tensor totals, int total);

  /**
   * Writes {@code control[FACTOR] = mean * min(1, clipNorm / (mean sqrt(squares) + 1e-6))}, the
   * mean itself where nothing is clipped, and NaN where the losses or squares are not finite.
   */
  void finishNorm(Tensor totals, Tensor control);

  /**
   * One step of AdamW with decoupled weight decay: {@code m = b1 m + (1-b1) g}, {@code v = b2 v +
   * (1-b2) g^2}, {@code p -= lr (m / den + decay p)} with {@code den = (sqrt(v) / sqrt(1 - b2^t) +
   * eps) (1 - b1^t)}; {@code g} is the stored gradient times {@code control[FACTOR]}, {@code t} is
   * {@code control[STEP]}, starting at 1. Updates {@code parameters} and both moments in one pass.
   * All are flat and start at a group boundary; the update uses the moments of this step before
   * they are stored. Changes nothing where the factor is not finite.
   */
  void adamW(
      Tensor parameters,
      Tensor gradients,
      Moment first,
      Moment second,
      AdamWRule rule,
      Tensor control);

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

  /** Sets an {@link Fp8Moment} to exact zeros (codes 0, scale 0, k 1, c 1); others to zero. */
  void reset(Moment moment);

  /** Sum of squares, in an order that does not depend on the number of threads; waits for it. */
  double sumOfSquares(Tensor values);
}
