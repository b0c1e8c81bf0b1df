package io.octavo.examples;

import io.octavo.spark.ml.CausalLM;
import io.octavo.spark.ml.CausalLMModel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * The main job: trains one model several times on the same text in the same order (by default in
 * BF16 with FP32 moments and in FP8 with COAT's FP8 moments), prints the loss curves side by side
 * with the bytes per parameter of each, saves the last model as a Hugging Face directory, loads it
 * again and lets it write.
 */
public final class Pretrain {

  private static final int SAMPLE_TOKENS = 240;

  /** The most probable byte again and again is a loop in a model this small. */
  private static final double TEMPERATURE = 0.6;

  private Pretrain() {}

  public static void main(String[] arguments) throws IOException {
    PretrainOptions options = PretrainOptions.parse(arguments);
    try (SparkSession spark = Session.open("octavo-pretrain")) {
      Dataset<Row> text =
          spark
              .read()
              .option("wholetext", true)
              .option("recursiveFileLookup", true)
              .text(options.text().toArray(String[]::new))
              .toDF("text");
      int workers =
          options.workers() > 0 ? options.workers() : Session.workers(spark.sparkContext());
      Map<PretrainOptions.Run, CausalLMModel> models = new LinkedHashMap<>();
      for (PretrainOptions.Run run : options.runs()) {
        System.out.printf("%n== %s ==%n", run);
        models.put(run, estimator(options, run, workers).fit(text));
      }
      System.out.println(Comparison.of(models));
      List<CausalLMModel> trained = new ArrayList<>(models.values());
      save(trained.get(trained.size() - 1), options);
    }
  }

  private static CausalLM estimator(PretrainOptions options, PretrainOptions.Run run, int workers) {
    String name = run.precision() + "-" + run.optimizerStates();
    return new CausalLM()
        .setModel(options.model())
        .setPrecision(run.precision())
        .setOptimizerStates(run.optimizerStates())
        .setNumWorkers(workers)
        .setSequenceLength(options.length())
        .setBatchSize(options.batch())
        .setMaxSteps(options.steps())
        .setLearningRate(options.learningRate())
        .setWarmupSteps(options.steps() / 10)
        .setValidationFraction(0.02)
        .setEvaluationInterval(Math.max(1, options.steps() / 5))
        .setCheckpointPath(options.output() + "-checkpoints/" + name)
        .setResume("never");
  }

  private static void save(CausalLMModel model, PretrainOptions options) throws IOException {
    model.write().overwrite().save(options.output());
    CausalLMModel loaded = CausalLMModel.load(options.output());
    System.out.printf(
        "saved %s (Hugging Face directory: %s/model), loaded it again; it continues:%n%n",
        options.output(), options.output());
    System.out.println(loaded.generate(options.prompt(), SAMPLE_TOKENS, TEMPERATURE, 1));
  }
}
