package io.octavo.spark.ml;

import io.octavo.optim.AdamWConfig;
import io.octavo.optim.LearningRateSchedule;
import io.octavo.optim.MomentFormat;
import io.octavo.quant.Recipe;
import io.octavo.quant.RecipePlan;
import io.octavo.train.TrainConfig;
import java.io.Serializable;
import java.util.Locale;

/**
 * The experiment as it travels to executors: plain values, from which every rank makes the same
 * {@link TrainConfig}.
 */
record TrainingSettings(
    String precision,
    String precisionExceptions,
    MomentFormat moments,
    int sequenceLength,
    int globalBatch,
    int microBatch,
    long steps,
    long seed,
    float learningRate,
    String schedule,
    int warmupSteps,
    double decayFraction,
    double minFactor,
    float beta1,
    float beta2,
    float epsilon,
    float weightDecay,
    float clipNorm)
    implements Serializable {

  private static final int LARGEST_MICRO_BATCH = 8;

  static TrainingSettings of(ParamTable params, long steps) {
    String precision = params.text("precision");
    int batch = params.integer("batchSize");
    int workers = params.integer("numWorkers");
    return new TrainingSettings(
        precision,
        params.text("precisionExceptions"),
        moments(params.text("optimizerStates"), precision),
        params.integer("sequenceLength"),
        batch,
        microBatch(params.integer("microBatchSize"), batch, workers),
        steps,
        params.wide("seed"),
        (float) params.number("learningRate"),
        params.text("schedule"),
        params.integer("warmupSteps"),
        params.number("decayFraction"),
        params.number("minLearningRateFactor"),
        (float) params.number("beta1"),
        (float) params.number("beta2"),
        (float) params.number("epsilon"),
        (float) params.number("weightDecay"),
        (float) params.number("gradientClip"));
  }

  private static MomentFormat moments(String states, String precision) {
    return switch (states.toLowerCase(Locale.ROOT)) {
      case "auto" -> precision.equals("coat") ? MomentFormat.FP8 : MomentFormat.FP32;
      case "fp32" -> MomentFormat.FP32;
      case "bf16" -> MomentFormat.BF16;
      case "fp8" -> MomentFormat.FP8;
      default ->
          throw new IllegalArgumentException(
              "Invalid optimizerStates: %s (expected auto, fp32, bf16 or fp8)".formatted(states));
    };
  }

  private static int microBatch(int wanted, int batch, int workers) {
    if (wanted > 0 || workers < 1 || batch % workers != 0) {
      return Math.max(1, wanted);
    }
    int share = batch / workers;
    int micro = Math.min(share, LARGEST_MICRO_BATCH);
    while (share % micro != 0) {
      micro--;
    }
    return micro;
  }

  /** All that decides which sample reaches which step, beside the data themselves. */
  String order(long samples) {
    return "%d samples of %d tokens, batchSize %d, seed %d"
        .formatted(samples, sequenceLength, globalBatch, seed);
  }

  TrainConfig toTrainConfig() {
    return new TrainConfig(
        RecipePlan.of(Recipe.of(precision), precisionExceptions),
        moments,
        new AdamWConfig(learningRate, beta1, beta2, epsilon, weightDecay, clipNorm, false),
        learningRateSchedule(),
        sequenceLength,
        globalBatch,
        microBatch,
        steps,
        seed);
  }

  private LearningRateSchedule learningRateSchedule() {
    return switch (schedule) {
      case "cosine" -> new LearningRateSchedule.WarmupCosine(warmupSteps, steps, minFactor);
      case "wsd" ->
          new LearningRateSchedule.WarmupStableDecay(
              warmupSteps, Math.max(1, Math.round(steps * decayFraction)), steps, minFactor);
      case "constant" -> new LearningRateSchedule.Constant();
      default ->
          throw new IllegalArgumentException(
              "Invalid schedule: %s (expected cosine, wsd or constant)".formatted(schedule));
    };
  }
}
