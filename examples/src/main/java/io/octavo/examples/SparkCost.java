package io.octavo.examples;

import io.octavo.collective.LocalCollective;
import io.octavo.cpu.CpuBackend;
import io.octavo.kernel.Backend;
import io.octavo.model.ModelPresets;
import io.octavo.optim.AdamWConfig;
import io.octavo.optim.LearningRateSchedule;
import io.octavo.optim.MomentFormat;
import io.octavo.quant.Recipe;
import io.octavo.spark.ml.CausalLM;
import io.octavo.spark.ml.TrainingSummary;
import io.octavo.train.StepBatch;
import io.octavo.train.StepMetrics;
import io.octavo.train.TrainConfig;
import io.octavo.train.Trainer;
import java.io.IOException;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * What Spark costs a rank: the same steps in a plain JVM, in one executor, and in the plain JVM
 * again. Prints the median step of each and the time the executor's steps waited for data.
 *
 * <p>Usage: {@code SparkCost [STEPS]}
 */
public final class SparkCost {

  private static final String MODEL = "byte-tiny";
  private static final int BATCH = 8;
  private static final int LENGTH = 256;

  private SparkCost() {}

  public static void main(String[] arguments) throws IOException {
    int steps = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 40;
    double before = median(plain(steps));
    TrainingSummary inside = spark(steps);
    double after = median(plain(steps));
    double plain = (before + after) / 2;
    double executor = median(inside.steps()) + inside.waitSeconds() / steps;
    double tokens = BATCH * LENGTH;
    System.out.printf(
        "plain JVM %.0f and %.0f tokens/s, executor %.0f tokens/s (waited %.1f ms a step for data): ratio %.3f%n",
        tokens / before,
        tokens / after,
        tokens / executor,
        1e3 * inside.waitSeconds() / steps,
        plain / executor);
  }

  /** Median seconds of the second half of the steps. */
  private static double median(List<StepMetrics> steps) {
    double[] seconds =
        steps.stream().skip(steps.size() / 2).mapToDouble(StepMetrics::seconds).sorted().toArray();
    return seconds[seconds.length / 2];
  }

  private static List<StepMetrics> plain(int steps) {
    TrainConfig config =
        new TrainConfig(
            new Recipe.Bf16(),
            MomentFormat.FP32,
            AdamWConfig.defaults(1e-3f),
            new LearningRateSchedule.Constant(),
            LENGTH,
            BATCH,
            BATCH,
            steps,
            1);
    Random random = new Random(1);
    IntBuffer tokens = IntBuffer.wrap(random.ints(BATCH * (LENGTH + 1L), 0, 256).toArray());
    List<StepMetrics> metrics = new ArrayList<>();
    try (Backend backend = new CpuBackend(1);
        Trainer trainer =
            new Trainer(
                ModelPresets.of(MODEL), config, backend, new LocalCollective(backend), 256)) {
      trainer.initialize();
      for (int step = 1; step <= steps; step++) {
        metrics.add(trainer.step(new StepBatch(step, tokens, BATCH)));
      }
    }
    return metrics;
  }

  private static TrainingSummary spark(int steps) throws IOException {
    SparkConf conf = Session.onThisMachine("octavo-spark-cost", 1);
    try (SparkSession spark = SparkSession.builder().config(conf).getOrCreate()) {
      Random random = new Random(2);
      List<String> lines =
          IntStream.range(0, 64 * steps)
              .mapToObj(i -> Long.toString(random.nextLong()).repeat(16))
              .toList();
      Dataset<Row> text = spark.createDataset(lines, Encoders.STRING()).toDF("text");
      return new CausalLM()
          .setModel(MODEL)
          .setPrecision("bf16")
          .setSequenceLength(LENGTH)
          .setBatchSize(BATCH)
          .setMaxSteps(steps)
          .setLogInterval(0)
          .setResume("never")
          .fit(text)
          .summary()
          .orElseThrow();
    }
  }
}
