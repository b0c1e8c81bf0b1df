package io.octavo.optim;

/**
 * AdamW with decoupled weight decay (Loshchilov and Hutter, 2019).
 *
 * @param learningRate peak learning rate; the schedule scales it
 * @param weightDecay applied to matrices only, unless {@code decayAll}
 * @param clipNorm largest global gradient norm; 0 for no clipping
 * @param decayAll whether norms and biases decay too
 */
public record AdamWConfig(
    float learningRate,
    float beta1,
    float beta2,
    float epsilon,
    float weightDecay,
    float clipNorm,
    boolean decayAll) {

  public AdamWConfig {
    require(learningRate >= 0, "learningRate", learningRate, "0 or more");
    require(beta1 >= 0 && beta1 < 1, "beta1", beta1, "[0, 1)");
    require(beta2 >= 0 && beta2 < 1, "beta2", beta2, "[0, 1)");
    require(epsilon > 0, "epsilon", epsilon, "more than 0");
    require(weightDecay >= 0, "weightDecay", weightDecay, "0 or more");
    require(clipNorm >= 0, "clipNorm", clipNorm, "0 or more");
  }

  /** What Llama-class pretraining uses: betas 0.9 and 0.95, decay 0.1, clipping at 1. */
  public static AdamWConfig defaults(float learningRate) {
    return new AdamWConfig(learningRate, 0.9f, 0.95f, 1e-8f, 0.1f, 1f, false);
  }

  private static void require(boolean holds, String name, float value, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(
          "Invalid %s: %s (expected %s)".formatted(name, value, expected));
    }
  }
}
