package io.octavo.spark.ml;

import io.octavo.model.LinearLayers;
import io.octavo.spark.TrainingListener;
import io.octavo.train.MemoryPlan;
import io.octavo.train.StepMetrics;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Tells the console how training goes: a line every few steps with a bar, and a line when an
 * attempt starts or fails. Keeps the metrics of every step; what a restart repeats replaces what it
 * was.
 */
final class ProgressPrinter implements TrainingListener {

  private static final int BAR = 20;

  private final PrintStream console;
  private final TrainingSettings settings;
  private final MemoryPlan memory;
  private final int interval;
  private final List<StepMetrics> steps = new ArrayList<>();
  private int attempts;

  ProgressPrinter(PrintStream console, TrainingSettings settings, MemoryPlan memory, int interval) {
    this.console = console;
    this.settings = settings;
    this.memory = memory;
    this.interval = interval;
  }

  /** Prints which recipe each linear layer has, and why. */
  void explain(LinearLayers layers) {
    if (interval > 0) {
      console.print(layers.explain());
    }
  }

  List<StepMetrics> steps() {
    return List.copyOf(steps);
  }

  int attempts() {
    return attempts;
  }

  /** Something the user should know before the first step. */
  void note(String sentence) {
    console.println("note: " + sentence);
  }

  @Override
  public void attemptStarted(int attempt, long startStep) {
    attempts++;
    steps.removeIf(metrics -> metrics.step() > startStep);
    if (interval > 0 && attempt == 0) {
      console.printf(
          Locale.ROOT,
          "training in %s with %s moments, %d steps of %d x %d tokens, from step %d%n%s",
          settings.precision(),
          settings.moments(),
          settings.steps(),
          settings.globalBatch(),
          settings.sequenceLength(),
          startStep,
          memory.table());
    } else if (interval > 0) {
      console.printf(Locale.ROOT, "attempt %d goes on after step %d%n", attempt, startStep);
    }
  }

  @Override
  public void attemptFailed(int attempt, String reason) {
    console.printf(Locale.ROOT, "attempt %d failed: %s%n", attempt, reason);
  }

  @Override
  public void stepDone(StepMetrics metrics) {
    steps.add(metrics);
    boolean last = metrics.step() == settings.steps();
    if (interval > 0 && (metrics.step() % interval == 0 || last || metrics.step() == 1)) {
      console.println(line(metrics));
    }
  }

  private String line(StepMetrics metrics) {
    int done = (int) (BAR * metrics.step() / settings.steps());
    return String.format(
        Locale.ROOT,
        "[%s%s] step %d/%d loss %.4f grad_norm %.3f lr %.2e %,.0f tokens/s %.1f GFLOP/s mem %.2f GiB low_precision %.0f %% wire %.1f MiB",
        "#".repeat(done),
        ".".repeat(BAR - done),
        metrics.step(),
        settings.steps(),
        metrics.loss(),
        metrics.gradientNorm(),
        metrics.learningRate(),
        metrics.targets() / metrics.seconds(),
        metrics.modelFlops() / metrics.seconds() / 1e9,
        memory.totalBytes() / 0x1p30,
        100 * metrics.lowPrecisionShare(),
        metrics.bytesSent() / 0x1p20);
  }
}
