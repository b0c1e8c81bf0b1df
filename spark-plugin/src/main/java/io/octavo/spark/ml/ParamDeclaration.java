package io.octavo.spark.ml;

import java.util.List;

/**
 * A parameter of the estimator or the model: the one place where its name, meaning and default are
 * said.
 *
 * @param name as users write it
 * @param kind type of its value
 * @param standard default; empty text for none
 * @param doc one sentence
 */
record ParamDeclaration(String name, Kind kind, Object standard, String doc) {

  /** Types of values. */
  enum Kind {
    TEXT,
    INTEGER,
    LONG,
    NUMBER
  }

  private static ParamDeclaration text(String name, String standard, String doc) {
    return new ParamDeclaration(name, Kind.TEXT, standard, doc);
  }

  private static ParamDeclaration integer(String name, int standard, String doc) {
    return new ParamDeclaration(name, Kind.INTEGER, standard, doc);
  }

  private static ParamDeclaration number(String name, double standard, String doc) {
    return new ParamDeclaration(name, Kind.NUMBER, standard, doc);
  }

  /** Of both classes. */
  static final List<ParamDeclaration> COMMON =
      List.of(
          text("textCol", "text", "Column of text."),
          integer("sequenceLength", 256, "Tokens a sequence is trained on or scored in."));

  /** Of the estimator. */
  static final List<ParamDeclaration> TRAINING =
      List.of(
          text("model", "byte-tiny", "Preset name, or a Hugging Face directory to start from."),
          text(
              "precision",
              "bf16",
              "Recipe of the linear layers: fp32, bf16, tensorwise (or fp8), delayed, rowwise,"
                  + " deepseek, coat. bf16 is the safe default."),
          text(
              "precisionExceptions",
              "",
              "Recipes of single linear layers by name, such as layers.0.*=bf16,*.down_proj=fp8;"
                  + " the first that matches counts."),
          text(
              "optimizerStates",
              "auto",
              "Storage of both moments: fp32, bf16, fp8 (COAT), or auto: fp8 for coat, else fp32."),
          text(
              "tokenizer",
              "auto",
              "byte, a tokenizer.json, or auto: the model directory's tokenizer.json, byte without"
                  + " one. The trained directory keeps it."),
          text("tokensCol", "", "Column of token ids, one sample a row; used instead of textCol."),
          integer("numWorkers", 1, "Ranks: barrier tasks that train together."),
          integer("batchSize", 16, "Sequences an optimizer step, over all ranks."),
          integer(
              "microBatchSize",
              0,
              "Sequences a forward pass; 0 for as many as divide evenly, at most 8."),
          integer("maxSteps", 0, "Optimizer steps; 0 to train for epochs."),
          number("epochs", 1, "Passes over the data where maxSteps is 0."),
          number("learningRate", 1e-3, "Peak learning rate."),
          text("schedule", "cosine", "cosine, wsd (warm-up, stable, decay) or constant."),
          integer("warmupSteps", 0, "Steps of linear warm-up."),
          number("decayFraction", 0.1, "Share of the steps in which wsd decays."),
          number("minLearningRateFactor", 0.1, "Share of the peak at the end of cosine and wsd."),
          number("weightDecay", 0.1, "Decoupled weight decay of matrices."),
          number("beta1", 0.9, "AdamW's beta1."),
          number("beta2", 0.95, "AdamW's beta2."),
          number("epsilon", 1e-8, "AdamW's epsilon."),
          number("gradientClip", 1.0, "Largest global gradient norm; 0 for no clipping."),
          new ParamDeclaration(
              "seed", Kind.LONG, 1337L, "Seed of initialisation, order and rounding."),
          text(
              "checkpointPath",
              "",
              "Any Hadoop path; by default a directory named after the uid under the driver's"
                  + " working directory (local masters) or the home directory of the default file"
                  + " system."),
          integer(
              "checkpointInterval",
              100,
              "Steps between checkpoints; the last step always has one."),
          integer("keepCheckpoints", 2, "Checkpoints that stay."),
          text(
              "resume", "auto", "auto: go on from the newest checkpoint of checkpointPath; never."),
          integer("logInterval", 10, "Steps between log lines; 0 for none."),
          number("validationFraction", 0, "Share of samples that are held out and measured."),
          integer("evaluationInterval", 50, "Steps between measurements on held-out samples."),
          number(
              "memoryLimit",
              0,
              "GiB a rank may take outside the Java heap; 0: what YARN or Kubernetes grant, else the machine's memory."),
          text("exportType", "float32", "Type of the saved weights: float32 or bfloat16."));

  /** Of the model. */
  static final List<ParamDeclaration> SCORING =
      List.of(
          text("nllCol", "nll", "Column of the negative log-likelihood of the row, in nats."),
          text("tokensCountCol", "tokens", "Column of the number of scored tokens."),
          text("perplexityCol", "perplexity", "Column of exp(nll / tokens)."));

  /** All parameters as a table in Markdown. */
  static String table() {
    StringBuilder table =
        new StringBuilder("| parameter | of | default | meaning |\n|---|---|---|---|\n");
    COMMON.forEach(declaration -> table.append(declaration.row("both")));
    TRAINING.forEach(declaration -> table.append(declaration.row("CausalLM")));
    SCORING.forEach(declaration -> table.append(declaration.row("CausalLMModel")));
    return table.toString();
  }

  private String row(String owner) {
    String shown = standard.equals("") ? "" : "`" + standard + "`";
    return "| `%s` | %s | %s | %s |%n".formatted(name, owner, shown, doc);
  }
}
