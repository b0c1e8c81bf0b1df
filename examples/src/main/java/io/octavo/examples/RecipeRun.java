package io.octavo.examples;

import io.octavo.collective.LocalCollective;
import io.octavo.kernel.Backend;
import io.octavo.model.ModelConfig;
import io.octavo.optim.MomentFormat;
import io.octavo.quant.Recipe;
import io.octavo.tokens.Tokenizer;
import io.octavo.train.StepBatch;
import io.octavo.train.StepMetrics;
import io.octavo.train.Trainer;
import java.util.ArrayList;
import java.util.List;

/**
 * What training by one recipe came to.
 *
 * @param losses of every step
 * @param heldOutLoss after the last step
 * @param tokensPerSecond of the median step of the second half
 * @param plannedBytes of device memory
 */
record RecipeRun(
    Recipe recipe,
    MomentFormat moments,
    List<Double> losses,
    double heldOutLoss,
    double tokensPerSecond,
    long plannedBytes) {

  /** Losses of single steps are those of few samples. */
  private static final int LAST = 50;

  RecipeRun {
    losses = List.copyOf(losses);
  }

  /** Trains from fresh weights of the seed on samples in the order of the seed. */
  static RecipeRun train(
      Recipe recipe,
      ModelConfig model,
      CompareRecipesOptions options,
      Tokenizer tokenizer,
      TextSamples samples,
      Backend backend) {
    int batch = options.batch();
    int[] order = samples.order(options.seed(), Math.multiplyExact(options.steps(), batch));
    List<StepMetrics> steps = new ArrayList<>();
    try (Trainer trainer =
        new Trainer(
            model,
            options.config(recipe),
            backend,
            new LocalCollective(backend),
            tokenizer.endOfText())) {
      trainer.initialize();
      for (int i = 0; i < options.steps(); i++) {
        steps.add(
            trainer.step(new StepBatch(i + 1, samples.batch(order, i * batch, batch), batch)));
      }
      return new RecipeRun(
          recipe,
          CompareRecipesOptions.moments(recipe),
          steps.stream().map(StepMetrics::loss).toList(),
          trainer.evaluate(samples.heldOut(), samples.heldOutCount()),
          (double) batch * options.sequence() / medianSeconds(steps),
          trainer.memoryPlan().totalBytes());
    }
  }

  /** The first steps choose algorithms and are captured. */
  private static double medianSeconds(List<StepMetrics> steps) {
    double[] seconds =
        steps.stream().skip(steps.size() / 2).mapToDouble(StepMetrics::seconds).sorted().toArray();
    return seconds[seconds.length / 2];
  }

  /** How many losses {@link #lastLoss} is the mean of. */
  int lastCount() {
    return Math.min(LAST, losses.size());
  }

  double lastLoss() {
    return losses.stream()
        .skip(losses.size() - lastCount())
        .mapToDouble(Double::doubleValue)
        .average()
        .orElseThrow();
  }

  /** How far the last losses lie above those of another run. */
  double differencePercent(RecipeRun first) {
    return 100 * (lastLoss() / first.lastLoss() - 1);
  }

  double heldOutDifferencePercent(RecipeRun first) {
    return 100 * (heldOutLoss / first.heldOutLoss - 1);
  }
}
