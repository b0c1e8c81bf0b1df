package io.octavo.train;

import io.octavo.optim.AdamWConfig;
import io.octavo.optim.LearningRateSchedule;
import io.octavo.optim.MomentFormat;
import io.octavo.quant.Recipe;
import io.octavo.quant.RecipePlan;

/**
 * An experiment, apart from model and data.
 *
 * @param recipes how operands of linear layers are cast
 * @param moments how the optimizer's moments are stored
 * @param sequenceLength T: tokens a sample is trained on; a sample holds T + 1
 * @param globalBatch samples a step, over all ranks and micro-batches
 * @param microBatch samples of one forward and backward pass of a rank
 * @param steps optimizer steps of the whole run
 * @param seed of initialisation, data order and stochastic rounding
 */
public record TrainConfig(
    RecipePlan recipes,
    MomentFormat moments,
    AdamWConfig adamW,
    LearningRateSchedule schedule,
    int sequenceLength,
    int globalBatch,
    int microBatch,
    long steps,
    long seed) {

  public TrainConfig {
    require(sequenceLength > 0, "sequenceLength", sequenceLength);
    require(globalBatch > 0, "globalBatch", globalBatch);
    require(microBatch > 0, "microBatch", microBatch);
    require(steps > 0, "steps", steps);
  }

  /** An experiment in which every linear layer has the same recipe. */
  public TrainConfig(
      Recipe recipe,
      MomentFormat moments,
      AdamWConfig adamW,
      LearningRateSchedule schedule,
      int sequenceLength,
      int globalBatch,
      int microBatch,
      long steps,
      long seed) {
    this(
        RecipePlan.uniform(recipe),
        moments,
        adamW,
        schedule,
        sequenceLength,
        globalBatch,
        microBatch,
        steps,
        seed);
  }

  /**
   * Micro-batches a rank runs in a step.
   *
   * @throws IllegalArgumentException where the global batch does not divide evenly
   */
  public int accumulation(int worldSize) {
    if (globalBatch % (microBatch * worldSize) != 0) {
      throw new IllegalArgumentException(
          "Invalid batch: global batch %d is not a multiple of micro-batch %d times %d ranks"
              .formatted(globalBatch, microBatch, worldSize));
    }
    return globalBatch / (microBatch * worldSize);
  }

  private static void require(boolean holds, String name, long value) {
    if (!holds) {
      throw new IllegalArgumentException(
          "Invalid %s: %d (expected more than 0)".formatted(name, value));
    }
  }
}
