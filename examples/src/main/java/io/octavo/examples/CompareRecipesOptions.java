package io.octavo.examples;

import io.octavo.optim.AdamWConfig;
import io.octavo.optim.LearningRateSchedule;
import io.octavo.optim.MomentFormat;
import io.octavo.quant.Recipe;
import io.octavo.tokens.ByteTokenizer;
import io.octavo.train.TrainConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What the comparison of recipes was asked to do.
 *
 * @param text files, each one document
 * @param model preset name
 * @param recipes trained one after the other; the first is what the others are compared with
 * @param steps optimizer steps of each run
 * @param batch sequences a step
 * @param sequence tokens a sequence
 * @param every losses of each {@code every}-th step are printed
 * @param seed of weights and order
 * @param learningRate peak learning rate
 * @param warmup steps of linear rise; a cosine to a tenth follows
 * @param backend name, or {@code auto} for the best there is
 * @param json file of one line a recipe
 */
record CompareRecipesOptions(
    List<Path> text,
    String model,
    List<Recipe> recipes,
    int steps,
    int batch,
    int sequence,
    int every,
    long seed,
    float learningRate,
    int warmup,
    String backend,
    Optional<Path> json) {

  static final String USAGE =
      """
      usage: CompareRecipes --text FILE[,FILE...] [OPTION VALUE]...
        --tokenizer byte          ids are bytes; the only one so far (byte)
        --model PRESET            any preset: ids of bytes fit every vocabulary (m124)
        --recipes NAME,...        the first is what the others are compared with; coat has FP8
                                  moments, all others FP32 (bf16,coat,deepseek)
        --steps N                 optimizer steps of each run (1000)
        --batch N                 sequences a step (8)
        --sequence N              tokens a sequence (1024)
        --every N                 print the loss of each N-th step (a twentieth of the steps)
        --seed N                  of weights and order (1)
        --learning-rate X         at its peak (0.0006)
        --warmup N                steps of linear rise, before a cosine to a tenth (a tenth of the steps)
        --backend auto|cuda|cpu   device to train on; auto takes the best there is (auto)
        --json FILE               also write one JSON object a recipe, with the losses of all steps
        --help                    print this""";

  private static final double FINAL_FACTOR = 0.1;
  private static final int ROWS = 20;
  private static final int BY_STEPS = -1;

  CompareRecipesOptions {
    text = List.copyOf(text);
    recipes = List.copyOf(recipes);
  }

  static CompareRecipesOptions parse(String... arguments) {
    List<Path> text = List.of();
    String model = "m124";
    List<Recipe> recipes = recipes("bf16,coat,deepseek");
    int steps = 1000;
    int batch = 8;
    int sequence = 1024;
    int every = BY_STEPS;
    long seed = 1;
    float learningRate = 6e-4f;
    int warmup = BY_STEPS;
    String backend = "auto";
    Optional<Path> json = Optional.empty();
    for (int i = 0; i < arguments.length; i += 2) {
      String option = arguments[i];
      String value = i + 1 < arguments.length ? arguments[i + 1] : "";
      if (value.isEmpty()) {
        throw invalid("option", option, "one of those below, with a value");
      }
      switch (option) {
        case "--text" -> text = Stream.of(value.split(",", -1)).map(Path::of).toList();
        case "--tokenizer" -> requireBytes(value);
        case "--model" -> model = value;
        case "--recipes" -> recipes = recipes(value);
        case "--steps" -> steps = number(option, value, 1);
        case "--batch" -> batch = number(option, value, 1);
        case "--sequence" -> sequence = number(option, value, 1);
        case "--every" -> every = number(option, value, 1);
        case "--seed" -> seed = number(option, value, 0);
        case "--learning-rate" -> learningRate = (float) positive(option, value);
        case "--warmup" -> warmup = number(option, value, 0);
        case "--backend" -> backend = value;
        case "--json" -> json = Optional.of(Path.of(value));
        default -> throw invalid("option", option, "one of those below");
      }
    }
    if (text.isEmpty()) {
      throw new IllegalArgumentException("Cannot train without text: give --text\n" + USAGE);
    }
    return new CompareRecipesOptions(
        text,
        model,
        recipes,
        steps,
        batch,
        sequence,
        every == BY_STEPS ? Math.max(1, steps / ROWS) : every,
        seed,
        learningRate,
        warmup == BY_STEPS ? steps / 10 : warmup,
        backend,
        json);
  }

  /** The whole batch in one pass; equal for all recipes but for casts and moments. */
  TrainConfig config(Recipe recipe) {
    return new TrainConfig(
        recipe,
        moments(recipe),
        AdamWConfig.defaults(learningRate),
        new LearningRateSchedule.WarmupCosine(warmup, steps, FINAL_FACTOR),
        sequence,
        batch,
        batch,
        steps,
        seed);
  }

  static MomentFormat moments(Recipe recipe) {
    return recipe instanceof Recipe.Coat ? MomentFormat.FP8 : MomentFormat.FP32;
  }

  private static List<Recipe> recipes(String value) {
    return Stream.of(value.split(",", -1)).map(Recipe::of).toList();
  }

  private static void requireBytes(String value) {
    if (!value.equals(ByteTokenizer.NAME)) {
      throw invalid("--tokenizer", value, ByteTokenizer.NAME);
    }
  }

  private static int number(String option, String value, int least) {
    if (!value.matches("\\d{1,9}") || Integer.parseInt(value) < least) {
      throw invalid(option, value, "a whole number of " + least + " or more");
    }
    return Integer.parseInt(value);
  }

  private static double positive(String option, String value) {
    if (!value.matches("\\d{1,9}(\\.\\d+)?([eE]-?\\d{1,2})?") || Double.parseDouble(value) == 0) {
      throw invalid(option, value, "a number above 0");
    }
    return Double.parseDouble(value);
  }

  private static IllegalArgumentException invalid(String what, String value, String expected) {
    return new IllegalArgumentException(
        "Invalid %s: %s (expected %s)%n%s".formatted(what, value, expected, USAGE));
  }
}
