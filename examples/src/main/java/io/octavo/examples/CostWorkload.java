package io.octavo.examples;

import io.octavo.collective.LocalCollective;
import io.octavo.kernel.Backend;
import io.octavo.kernel.Backends;
import io.octavo.kernel.Placement;
import io.octavo.model.ModelConfig;
import io.octavo.model.ModelPresets;
import io.octavo.optim.AdamWConfig;
import io.octavo.optim.LearningRateSchedule;
import io.octavo.optim.MomentFormat;
import io.octavo.quant.Recipe;
import io.octavo.quant.RecipePlan;
import io.octavo.spark.ml.CausalLM;
import io.octavo.train.StepBatch;
import io.octavo.train.StepMetrics;
import io.octavo.train.TrainConfig;
import io.octavo.train.Trainer;
import java.io.IOException;
import java.nio.IntBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** The same steps, given to a trainer by a loop of this process and by Spark. */
final class CostWorkload {

  /** What the byte tokenizer ends a document with; no document ends within a sample here. */
  private static final int END_OF_TEXT = 256;

  private final SparkCostOptions options;
  private final ModelConfig model;

  CostWorkload(SparkCostOptions options) {
    this.options = options;
    this.model = ModelPresets.of(options.model());
  }

  /** Runs the steps on a backend of this process. */
  List<StepMetrics> inThisProcess() {
    IntBuffer tokens = IntBuffer.wrap(tokens(new Random(1), options.batch()));
    List<StepMetrics> metrics = new ArrayList<>();
    try (Backend backend =
            Backends.installed().choose(options.backend()).open(Placement.ofThreads(1));
        Trainer trainer =
            new Trainer(model, config(), backend, new LocalCollective(backend), END_OF_TEXT)) {
      trainer.initialize();
      for (int step = 1; step <= options.steps(); step++) {
        metrics.add(trainer.step(new StepBatch(step, tokens, options.batch())));
      }
    }
    return metrics;
  }

  private TrainConfig config() {
    boolean coat = options.precision().equals("coat");
    return new TrainConfig(
        RecipePlan.of(Recipe.of(options.precision()), ""),
        coat ? MomentFormat.FP8 : MomentFormat.FP32,
        AdamWConfig.defaults(1e-3f),
        new LearningRateSchedule.Constant(),
        options.length(),
        options.batch(),
        options.batch(),
        options.steps(),
        1);
  }

  /** Runs the steps in a task of an executor; leaves no files. */
  List<StepMetrics> inExecutor(SparkSession spark) throws IOException {
    Path directory = Files.createTempDirectory("octavo-spark-cost");
    try {
      return new CausalLM()
          .setModel(options.model())
          .setPrecision(options.precision())
          .setTokensCol("tokens")
          .setSequenceLength(options.length())
          .setBatchSize(options.batch())
          .setMicroBatchSize(options.batch())
          .setMaxSteps(options.steps())
          .setSchedule("constant")
          .setLogInterval(0)
          .setCheckpointInterval(0)
          .setCheckpointPath(directory.toUri().toString())
          .setResume("never")
          .fit(samples(spark))
          .summary()
          .orElseThrow()
          .steps();
    } finally {
      delete(directory);
    }
  }

  private Dataset<Row> samples(SparkSession spark) {
    Random random = new Random(2);
    List<Row> rows =
        IntStream.range(0, 4 * options.batch())
            .mapToObj(i -> RowFactory.create((Object) tokens(random, 1)))
            .toList();
    return spark.createDataFrame(
        rows,
        new StructType().add("tokens", DataTypes.createArrayType(DataTypes.IntegerType, false)));
  }

  /** Ids of whole samples, drawn from the vocabulary without the end of text. */
  private int[] tokens(Random random, int samples) {
    return random
        .ints(samples * (options.length() + 1L), 0, model.vocabulary())
        .map(id -> id == END_OF_TEXT ? 0 : id)
        .toArray();
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> paths = Files.walk(directory)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
