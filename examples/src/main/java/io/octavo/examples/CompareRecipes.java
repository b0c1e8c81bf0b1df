package io.octavo.examples;

import io.octavo.kernel.Backend;
import io.octavo.kernel.BackendChoice;
import io.octavo.kernel.Backends;
import io.octavo.kernel.Placement;
import io.octavo.model.ModelConfig;
import io.octavo.model.ModelPresets;
import io.octavo.quant.Recipe;
import io.octavo.tokens.ByteTokenizer;
import io.octavo.tokens.Tokenizer;
import java.io.IOException;
import java.io.PrintStream;
import java.io.Writer;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a recipe costs in loss: trains one model by several recipes from the same weights on the
 * same text in the same order, and prints their losses side by side. Needs no Spark. Run it with
 * {@code --help} for its options.
 */
public final class CompareRecipes {

  private CompareRecipes() {}

  public static void main(String[] arguments) throws IOException {
    if (List.of(arguments).contains("--help")) {
      System.out.println(CompareRecipesOptions.USAGE);
      return;
    }
    run(CompareRecipesOptions.parse(arguments), System.out);
  }

  static void run(CompareRecipesOptions options, PrintStream out) throws IOException {
    ModelConfig model = ModelPresets.of(options.model());
    requireFits(options, model);
    BackendChoice choice = Backends.installed().chooseOrBest(options.backend());
    out.println(choice.explanation());
    try (Tokenizer tokenizer = new ByteTokenizer();
        Writer json =
            options.json().isPresent()
                ? Files.newBufferedWriter(options.json().get())
                : Writer.nullWriter();
        Backend backend =
            choice.open(Placement.ofThreads(Runtime.getRuntime().availableProcessors()))) {
      TextSamples samples = TextSamples.read(options.text(), tokenizer, options.sequence() + 1);
      out.printf(
          Locale.ROOT,
          "%s, %d steps of %d x %d tokens, seed %d, peak rate %s; %d samples, %d held out%n",
          options.model(),
          options.steps(),
          options.batch(),
          options.sequence(),
          options.seed(),
          options.learningRate(),
          samples.trainingCount(),
          samples.heldOutCount());
      List<RecipeRun> runs = new ArrayList<>();
      for (Recipe recipe : options.recipes()) {
        RecipeRun run = RecipeRun.train(recipe, model, options, tokenizer, samples, backend);
        runs.add(run);
        out.printf(
            Locale.ROOT,
            "%s: %.4f after %d steps, %.0f tokens/s%n",
            recipe.name(),
            run.lastLoss(),
            options.steps(),
            run.tokensPerSecond());
        // A line is whole in the file as soon as its run is: the next may end the process.
        json.write(line(options, backend, runs) + "\n");
        json.flush();
      }
      out.print(RecipeTable.of(runs, options.every()));
    }
  }

  private static void requireFits(CompareRecipesOptions options, ModelConfig model) {
    if (options.sequence() > model.contextLength()) {
      throw new IllegalArgumentException(
          "Cannot train %s on sequences of %d tokens: its context has %d; lower --sequence"
              .formatted(options.model(), options.sequence(), model.contextLength()));
    }
  }

  /** The last run as JSON; its words are names of ours and need no escapes. */
  private static String line(CompareRecipesOptions options, Backend backend, List<RecipeRun> runs) {
    RecipeRun run = runs.get(runs.size() - 1);
    return String.format(
        Locale.ROOT,
        "{\"model\":\"%s\",\"backend\":\"%s\",\"recipe\":\"%s\",\"moments\":\"%s\",\"steps\":%d,\"batch\":%d,"
            + "\"sequence\":%d,\"seed\":%d,\"learning_rate\":%s,\"warmup\":%d,\"last_loss\":%s,\"difference_percent\":%s,"
            + "\"held_out_loss\":%s,\"held_out_difference_percent\":%s,\"tokens_per_s\":%s,\"planned_bytes\":%d,\"losses\":%s}",
        options.model(),
        backend.name(),
        run.recipe().name(),
        run.moments().name().toLowerCase(Locale.ROOT),
        options.steps(),
        options.batch(),
        options.sequence(),
        options.seed(),
        options.learningRate(),
        options.warmup(),
        run.lastLoss(),
        run.differencePercent(runs.get(0)),
        run.heldOutLoss(),
        run.heldOutDifferencePercent(runs.get(0)),
        run.tokensPerSecond(),
        run.plannedBytes(),
        run.losses());
  }
}
