package io.octavo.examples;

import io.octavo.spark.ml.CausalLMModel;
import io.octavo.spark.ml.TrainingSummary;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/** The runs of the main job, one column each. */
final class Comparison {

  private static final int ROWS = 10;

  private final List<String> names = new ArrayList<>();
  private final List<TrainingSummary> summaries = new ArrayList<>();
  private final StringBuilder table = new StringBuilder();

  private Comparison(Map<PretrainOptions.Run, CausalLMModel> models) {
    models.forEach(
        (run, model) -> {
          names.add(run.toString());
          summaries.add(model.summary().orElseThrow());
        });
  }

  static String of(Map<PretrainOptions.Run, CausalLMModel> models) {
    return new Comparison(models).text();
  }

  private String text() {
    table.append(String.format(Locale.ROOT, "%n%-28s", "precision/optimizerStates"));
    names.forEach(name -> table.append(String.format(Locale.ROOT, "%14s", name)));
    int steps = summaries.get(0).steps().size();
    int stride = Math.max(1, steps / ROWS);
    for (int i = 0; i < steps; i += stride) {
      lossRow(i);
    }
    if ((steps - 1) % stride != 0) {
      lossRow(steps - 1);
    }
    for (long step : summaries.get(0).heldOut().keySet()) {
      row(
          "held-out loss, step " + step,
          "%.4f",
          run -> run.heldOut().getOrDefault(step, Double.NaN));
    }
    double first = last(summaries.get(0));
    row("final loss against first, %", "%+.2f", run -> 100 * (last(run) / first - 1));
    row("moments, bytes/parameter", "%.4f", run -> run.memory().momentBytesPerParameter());
    row("state, bytes/parameter", "%.4f", run -> run.memory().stateBytesPerParameter());
    row("memory a rank, MiB", "%.1f", run -> run.memory().totalBytes() / 0x1p20);
    row("tokens/s", "%.0f", TrainingSummary::tokensPerSecond);
    row("model GFLOP/s", "%.1f", run -> run.modelFlops() / 1e9);
    row("seconds in all", "%.1f", TrainingSummary::seconds);
    return table.append(System.lineSeparator()).toString();
  }

  /** On held-out samples where there are any: a single step's loss is that of few samples. */
  private static double last(TrainingSummary run) {
    return run.heldOut().entrySet().stream()
        .max(Map.Entry.comparingByKey())
        .map(Map.Entry::getValue)
        .orElse(run.finalLoss());
  }

  private void lossRow(int index) {
    row(
        "loss, step " + summaries.get(0).steps().get(index).step(),
        "%.4f",
        run -> run.steps().get(index).loss());
  }

  private void row(String name, String format, Function<TrainingSummary, Object> value) {
    table.append(String.format(Locale.ROOT, "%n%-28s", name));
    summaries.forEach(
        run ->
            table.append(
                String.format(
                    Locale.ROOT, "%14s", String.format(Locale.ROOT, format, value.apply(run)))));
  }
}
