package io.octavo.kernel;

import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Tensor;
import java.nio.FloatBuffer;

/** What is the same for every optimizer on the host: totals and control are read where they lie. */
public abstract class HostOptimizerKernels implements OptimizerKernels {

  /** Keeps a norm of zero from dividing; part of the formula of clipping. */
  private static final double NORM_EPSILON = 1e-6;

  /**
   * The numbers of one step.
   *
   * @param rule what is the same in every step
   * @param step starting at 1
   * @param learningRate of this step
   * @param gradientFactor what stored gradients are multiplied by, finite
   */
  protected record AdamWStep(
      AdamWRule rule, double step, float learningRate, float gradientFactor) {

    /** {@code 1 - b1^t}. */
    public float correction1() {
      return (float) (1 - Math.pow(rule.beta1(), step));
    }

    /** {@code sqrt(1 - b2^t)}. */
    public float correction2() {
      return (float) Math.sqrt(1 - Math.pow(rule.beta2(), step));
    }
  }

  /** Sum of numbers, in an order that does not depend on the number of threads. */
  protected abstract double sum(Tensor values);

  /** {@link #adamW} where the factor is finite. */
  protected abstract void update(
      Tensor parameters, Tensor gradients, Moment first, Moment second, AdamWStep step);

  @Override
  public final void addSum(Tensor values, Tensor totals, int total) {
    add(totals, total, sum(values));
  }

  @Override
  public final void addSumOfSquares(Tensor values, Tensor totals, int total) {
    add(totals, total, sumOfSquares(values));
  }

  private static double total(Tensor totals, int total) {
    FloatBuffer pairs = HostBuffer.of(totals).floats();
    return (double) pairs.get(2 * total) + pairs.get(2 * total + 1);
  }

  private static void add(Tensor totals, int total, double amount) {
    double sum = total(totals, total) + amount;
    float nearest = (float) sum;
    FloatBuffer pairs = HostBuffer.of(totals).floats();
    pairs.put(2 * total, nearest);
    // Infinity has no rest: the difference would be NaN.
    pairs.put(2 * total + 1, Float.isInfinite(nearest) ? 0 : (float) (sum - nearest));
  }

  @Override
  public final void finishNorm(Tensor totals, Tensor control) {
    FloatBuffer numbers = HostBuffer.of(control).floats();
    double squares = total(totals, SQUARES);
    boolean finite = Double.isFinite(squares) && Double.isFinite(total(totals, LOSS_SUM));
    float mean = numbers.get(MEAN);
    numbers.put(
        FACTOR, finite ? clipped(mean, numbers.get(CLIP_NORM), Math.sqrt(squares)) : Float.NaN);
  }

  private static float clipped(float mean, float clipNorm, double norm) {
    double ratio = clipNorm / (mean * norm + NORM_EPSILON);
    return clipNorm == 0 || ratio >= 1 ? mean : (float) (mean * ratio);
  }

  @Override
  public final void adamW(
      Tensor parameters,
      Tensor gradients,
      Moment first,
      Moment second,
      AdamWRule rule,
      Tensor control) {
    FloatBuffer numbers = HostBuffer.of(control).floats();
    float factor = numbers.get(FACTOR);
    if (Float.isFinite(factor)) {
      AdamWStep step = new AdamWStep(rule, numbers.get(STEP), numbers.get(LEARNING_RATE), factor);
      update(parameters, gradients, first, second, step);
    }
  }
}
