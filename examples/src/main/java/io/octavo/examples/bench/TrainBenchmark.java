package io.octavo.examples.bench;

import io.octavo.collective.LocalCollective;
import io.octavo.kernel.Backend;
import io.octavo.model.ModelConfig;
import io.octavo.train.StepBatch;
import io.octavo.train.Trainer;
import java.nio.IntBuffer;

/**
 * Whole training steps, host and device together, on one batch of random tokens: the loss falls as
 * the model learns it by heart.
 */
final class TrainBenchmark {

  /** Ids that separate documents: none, every sample is one document. */
  static final int NO_END_OF_TEXT = -1;

  private final Setting setting;
  private final TrainCase training;
  private final Backend backend;
  private final ModelConfig model;
  private final long freeBefore;
  private double firstLoss = Double.NaN;
  private double lastLoss = Double.NaN;
  private long leastFree;

  private TrainBenchmark(Setting setting, TrainCase training) {
    this.setting = setting;
    this.training = training;
    this.backend = setting.backend();
    this.model = training.model();
    this.freeBefore = backend.freeBytes();
    this.leastFree = freeBefore;
  }

  static void measure(Setting setting) {
    for (TrainCase training : setting.training()) {
      setting.row(
          "train",
          training.subject(),
          training.shape(),
          () -> new TrainBenchmark(setting, training).measure());
    }
  }

  private Numbers measure() {
    int warmup = setting.warmup();
    int steps = setting.steps();
    TrainingData data = new TrainingData(setting.options().seed(), model.initializerRange());
    IntBuffer tokens = data.tokens(training);
    try (Trainer trainer =
        new Trainer(
            model,
            training.config(warmup + steps, setting.options().seed()),
            backend,
            new LocalCollective(backend),
            NO_END_OF_TEXT)) {
      trainer.load(data);
      for (int step = 1; step <= warmup; step++) {
        step(trainer, step, tokens);
      }
      double[] seconds = new double[steps];
      for (int i = 0; i < steps; i++) {
        seconds[i] = step(trainer, warmup + 1 + i, tokens);
      }
      return numbers(Clock.median(seconds), trainer.memoryPlan().totalBytes());
    }
  }

  /** Seconds of one step; what is free is asked outside of them, for the driver takes its time. */
  private double step(Trainer trainer, int step, IntBuffer tokens) {
    long begin = System.nanoTime();
    double loss = trainer.step(new StepBatch(step, tokens, training.batch())).loss();
    double seconds = (System.nanoTime() - begin) / 1e9;
    firstLoss = step == 1 ? loss : firstLoss;
    lastLoss = loss;
    leastFree = Math.min(leastFree, backend.freeBytes());
    return seconds;
  }

  private Numbers numbers(double seconds, long planned) {
    double tokens = (double) training.batch() * training.time() / seconds;
    double tflops = tokens * model.flopsPerToken(training.time()) / 1e12;
    Numbers numbers =
        new Numbers()
            .with("ms", 1e3 * seconds)
            .with("tokens_per_s", tokens)
            .with("model_tflop_per_s", tflops)
            .with("mfu_percent", 100 * tflops / setting.options().peakTflops())
            .with("planned_bytes", planned);
    if (freeBefore == Long.MAX_VALUE) {
      // The device does not say what is free.
      numbers.with("used_bytes", Double.NaN).with("used_percent_of_plan", Double.NaN);
    } else {
      long used = freeBefore - leastFree;
      numbers.with("used_bytes", used).with("used_percent_of_plan", 100.0 * used / planned);
    }
    return numbers.with("first_loss", firstLoss).with("last_loss", lastLoss);
  }
}
