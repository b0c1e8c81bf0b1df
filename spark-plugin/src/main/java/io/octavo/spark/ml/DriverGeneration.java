package io.octavo.spark.ml;

import io.octavo.cpu.CpuBackend;
import io.octavo.kernel.Backend;
import io.octavo.model.LoadedModel;
import io.octavo.model.Scorer;
import io.octavo.model.TextGenerator;
import io.octavo.quant.Recipe;
import io.octavo.tokens.Tokenizer;
import io.octavo.tokens.TokenizerSpec;

/** Loads a model for one call and lets it continue a text. */
record DriverGeneration(ModelDirectory directory, TokenizerSpec tokenizer, String precision) {

  String generate(String prompt, int maxTokens, double temperature, long seed) {
    int threads = Runtime.getRuntime().availableProcessors();
    try (Backend backend = new CpuBackend(threads);
        ModelDirectory.OpenWeights weights = directory.open();
        LoadedModel model = LoadedModel.load(directory.config(), weights, backend);
        Tokenizer tokens = tokenizer.open()) {
      int[] ids = tokens.encode(prompt);
      int time = Math.min(model.config().contextLength(), ids.length + maxTokens);
      try (Scorer scorer = new Scorer(model, Recipe.of(precision), backend, 1, time)) {
        TextGenerator generator = new TextGenerator(scorer, temperature, seed);
        return prompt + tokens.decode(generator.generate(ids, maxTokens, tokens.endOfText()));
      }
    }
  }
}
