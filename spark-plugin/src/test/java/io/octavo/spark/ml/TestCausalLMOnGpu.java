package io.octavo.spark.ml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.octavo.kernel.Gpu;
import io.octavo.spark.LocalCluster;
import io.octavo.train.StepMetrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two ranks share one GPU and learn what one rank learns. */
@Gpu
class TestCausalLMOnGpu {

  private static final int STEPS = 20;

  @TempDir Path directory;

  @Test
  void executorsShareAGpu() throws IOException {
    twoRanksLearnAsOne(LocalCluster.conf(2));
  }

  /** Half a GPU a task, as a cluster manager grants it. */
  @Test
  void tasksOfAnExecutorShareAGpu() throws IOException {
    Path discovery =
        Files.createFile(
            directory.resolve("gpus.sh"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Files.writeString(discovery, "#!/bin/sh\necho '{\"name\": \"gpu\", \"addresses\": [\"0\"]}'\n");
    twoRanksLearnAsOne(
        LocalCluster.conf(1)
            .setMaster("local-cluster[1,2,1024]")
            .set("spark.worker.resource.gpu.amount", "1")
            .set("spark.worker.resource.gpu.discoveryScript", discovery.toString())
            .set("spark.executor.resource.gpu.amount", "1")
            .set("spark.task.resource.gpu.amount", "0.5"));
  }

  private void twoRanksLearnAsOne(SparkConf conf) throws IOException {
    try (SparkSession spark =
        SparkSession.builder().config(conf.set("spark.octavo.backend", "cuda")).getOrCreate()) {
      spark.sparkContext().setLogLevel("ERROR");
      Dataset<Row> text = text(spark);
      TrainingSummary two = estimator("two").setNumWorkers(2).fit(text).summary().orElseThrow();
      TrainingSummary one = estimator("one").fit(text).summary().orElseThrow();

      assertThat(two.device()).contains("sm_");
      assertThat(two.attempts()).isEqualTo(1);
      assertThat(two.steps().get(1).bytesSent()).isPositive();
      List<Double> expected = losses(one);
      assertThat(expected.get(STEPS - 1)).isLessThan(expected.get(0) * 0.7);
      for (int i = 0; i < STEPS; i++) {
        assertThat(losses(two).get(i))
            .as("step %d", i + 1)
            .isCloseTo(expected.get(i), within(1e-2 * expected.get(i)));
      }
    }
  }

  private static Dataset<Row> text(SparkSession spark) {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 800; i++) {
      lines.add("line " + i + " says " + i * i % 97 + " and " + "xyz".repeat(i % 7));
    }
    return spark.createDataset(lines, Encoders.STRING()).toDF("text");
  }

  private CausalLM estimator(String name) {
    return new CausalLM()
        .setModel("byte-tiny")
        .setPrecision("bf16")
        .setSequenceLength(127)
        .setBatchSize(12)
        .setMicroBatchSize(3)
        .setMaxSteps(STEPS)
        .setLearningRate(2e-3)
        .setLogInterval(0)
        .setCheckpointPath(directory.resolve(name).toUri().toString());
  }

  private static List<Double> losses(TrainingSummary summary) {
    return summary.steps().stream().map(StepMetrics::loss).toList();
  }
}
