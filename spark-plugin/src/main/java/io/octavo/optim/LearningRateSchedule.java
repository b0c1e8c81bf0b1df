package io.octavo.optim;

/** The factor on the peak learning rate at a step. */
public sealed interface LearningRateSchedule {

  /**
   * Factor in {@code [0, 1]}.
   *
   * @param step counted from 1
   */
  double factor(long step);

  /** Always 1. */
  record Constant() implements LearningRateSchedule {
    @Override
    public double factor(long step) {
      return 1;
    }
  }

  /** Linear rise over {@code warmupSteps}, then half a cosine down to {@code finalFactor}. */
  record WarmupCosine(long warmupSteps, long totalSteps, double finalFactor)
      implements LearningRateSchedule {
    @Override
    public double factor(long step) {
      if (step <= warmupSteps) {
        return (double) step / warmupSteps;
      }
      double progress =
          Math.min(1, (double) (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
      return finalFactor + (1 - finalFactor) * 0.5 * (1 + Math.cos(Math.PI * progress));
    }
  }

  /** Linear rise, then 1, then a linear fall to {@code finalFactor} over the last steps. */
  record WarmupStableDecay(long warmupSteps, long decaySteps, long totalSteps, double finalFactor)
      implements LearningRateSchedule {
    @Override
    public double factor(long step) {
      if (step <= warmupSteps) {
        return (double) step / warmupSteps;
      }
      long left = totalSteps - step;
      if (left >= decaySteps) {
        return 1;
      }
      return finalFactor + (1 - finalFactor) * Math.max(0, left) / Math.max(1.0, decaySteps);
    }
  }
}
