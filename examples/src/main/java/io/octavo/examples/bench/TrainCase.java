package io.octavo.examples.bench;

import io.octavo.model.ModelConfig;
import io.octavo.model.ModelPresets;
import io.octavo.optim.AdamWConfig;
import io.octavo.optim.LearningRateSchedule;
import io.octavo.optim.MomentFormat;
import io.octavo.quant.Recipe;
import io.octavo.train.TrainConfig;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** One model trained by one recipe. */
record TrainCase(String preset, Recipe recipe, MomentFormat moments, int batch, int time) {

  private static final Pattern FORM =
      Pattern.compile("([^:]+):([^:]+):(\\d{1,6})x(\\d{1,6})(?::(fp32|bf16|fp8))?");

  private static final List<String> RECIPES =
      List.of("bf16", "tensorwise", "coat", "deepseek", "rowwise");

  /** Reads {@code MODEL:RECIPE:BATCHxLENGTH[:MOMENTS]}. */
  static TrainCase parse(String text) {
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "Invalid training case: %s (expected MODEL:RECIPE:BATCHxLENGTH[:MOMENTS], such as b1:coat:8x2048 or b1:bf16:8x2048:fp8)"
              .formatted(text));
    }
    ModelPresets.of(matcher.group(1));
    Recipe recipe = Recipe.of(matcher.group(2));
    String usual = recipe instanceof Recipe.Coat ? "fp8" : "fp32";
    String moments = matcher.group(5) == null ? usual : matcher.group(5);
    return new TrainCase(
        matcher.group(1),
        recipe,
        MomentFormat.valueOf(moments.toUpperCase(Locale.ROOT)),
        Integer.parseInt(matcher.group(3)),
        Integer.parseInt(matcher.group(4)));
  }

  /** Every recipe for models and batches given as {@code MODEL:BATCHxLENGTH}. */
  static List<TrainCase> withEachRecipe(List<String> models) {
    return models.stream()
        .flatMap(
            model ->
                RECIPES.stream().map(recipe -> parse(model.replaceFirst(":", ":" + recipe + ":"))))
        .toList();
  }

  static List<TrainCase> parseAll(String text) {
    return Stream.of(text.split(",", -1)).map(TrainCase::parse).toList();
  }

  ModelConfig model() {
    return ModelPresets.of(preset);
  }

  /** The whole batch in one pass, at a constant rate. */
  TrainConfig config(long steps, long seed) {
    return new TrainConfig(
        recipe,
        moments,
        AdamWConfig.defaults(3e-4f),
        new LearningRateSchedule.Constant(),
        time,
        batch,
        batch,
        steps,
        seed);
  }

  String subject() {
    return "%s %s, %s moments".formatted(preset, recipe.name(), moments).toLowerCase(Locale.ROOT);
  }

  String shape() {
    return batch + "x" + time;
  }
}
