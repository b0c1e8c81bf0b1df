package io.octavo.examples;

import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/** Runs of several recipes, one column each; differences are to the first. */
final class RecipeTable {

  private final List<RecipeRun> runs;
  private final StringBuilder table = new StringBuilder();

  private RecipeTable(List<RecipeRun> runs) {
    this.runs = runs;
  }

  /** The losses of step 1, each {@code every}-th step and the last, then what they came to. */
  static String of(List<RecipeRun> runs, int every) {
    return new RecipeTable(runs).text(every);
  }

  private String text(int every) {
    row("recipe", "%s", run -> run.recipe().name());
    row("moments", "%s", run -> run.moments().name().toLowerCase(Locale.ROOT));
    RecipeRun first = runs.get(0);
    int steps = first.losses().size();
    for (int step = 1; step <= steps; step++) {
      if (step == 1 || step % every == 0 || step == steps) {
        int index = step - 1;
        row("loss, step " + step, "%.4f", run -> run.losses().get(index));
      }
    }
    row("mean of the last " + first.lastCount(), "%.4f", RecipeRun::lastLoss);
    row("against the first, %", "%+.3f", run -> run.differencePercent(first));
    row("held-out loss", "%.4f", RecipeRun::heldOutLoss);
    row("against the first, %", "%+.3f", run -> run.heldOutDifferencePercent(first));
    row("tokens/s", "%.0f", RecipeRun::tokensPerSecond);
    row("bytes planned", "%d", RecipeRun::plannedBytes);
    return table.toString();
  }

  private void row(String name, String format, Function<RecipeRun, Object> value) {
    table.append(String.format(Locale.ROOT, "%-24s", name));
    for (RecipeRun run : runs) {
      String cell = String.format(Locale.ROOT, format, value.apply(run));
      table.append(String.format(Locale.ROOT, "%16s", cell));
    }
    table.append(System.lineSeparator());
  }
}
