package io.octavo.spark.ml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.octavo.spark.LocalCluster;
import io.octavo.train.StepMetrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training on two executor processes, with encryption, also when one of them is killed. */
class TestCausalLMOnExecutors {

  private static SparkSession spark;

  @TempDir static Path directory;

  @BeforeAll
  static void start() {
    spark =
        SparkSession.builder()
            .config(
                LocalCluster.conf(2)
                    .set("spark.authenticate", "true")
                    .set("spark.authenticate.secret", "a secret of the test")
                    .set("spark.network.crypto.enabled", "true"))
            .getOrCreate();
    spark.sparkContext().setLogLevel("ERROR");
  }

  @AfterAll
  static void stop() throws IOException {
    spark.close();
  }

  private static Dataset<Row> text() {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 400; i++) {
      lines.add("line " + i + " says " + i * i % 97 + " and " + "xyz".repeat(i % 7));
    }
    return spark.createDataset(lines, Encoders.STRING()).toDF("text");
  }

  private static CausalLM estimator(String name, int steps) {
    return new CausalLM()
        .setModel("byte-nano")
        .setPrecision("fp32")
        .setNumWorkers(2)
        .setSequenceLength(64)
        .setBatchSize(8)
        .setMaxSteps(steps)
        .setLogInterval(0)
        .setCheckpointInterval(5)
        .setCheckpointPath(directory.resolve(name).toUri().toString());
  }

  private static List<StepMetrics> steps(CausalLMModel model) {
    return model.summary().orElseThrow().steps();
  }

  @Test
  void goesOnByItselfWhenAnExecutorIsKilled() throws Exception {
    Dataset<Row> text = text();
    List<StepMetrics> whole = steps(estimator("whole", 60).fit(text));
    Thread killer = new Thread(() -> killAnExecutorAfterACheckpoint("killed"));
    killer.start();
    CausalLMModel model = estimator("killed", 60).fit(text);
    List<StepMetrics> killed = steps(model);
    killer.join();

    assertThat(model.summary().orElseThrow().attempts()).isEqualTo(2);
    assertThat(killed).hasSize(60);
    for (int i = 0; i < 60; i++) {
      assertThat(killed.get(i).step()).isEqualTo(i + 1);
      assertThat(killed.get(i).loss())
          .as("step %d", i + 1)
          .isCloseTo(whole.get(i).loss(), within(1e-9));
    }
    assertThat(killed.get(10).bytesSent()).isPositive();
  }

  /** {@code kill -9} of one executor process of this machine, once training has a checkpoint. */
  private static void killAnExecutorAfterACheckpoint(String name) {
    Path checkpoints = directory.resolve(name);
    try {
      long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
      while (!Files.exists(checkpoints.resolve("step-5")) && System.nanoTime() < deadline) {
        TimeUnit.MILLISECONDS.sleep(10);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    ProcessHandle.current()
        .descendants()
        .filter(TestCausalLMOnExecutors::isExecutor)
        .findFirst()
        .orElseThrow()
        .destroyForcibly();
  }

  /** Java cuts long command lines; the system does not. */
  private static boolean isExecutor(ProcessHandle process) {
    try {
      return Files.readString(Path.of("/proc/" + process.pid() + "/cmdline"))
          .contains("CoarseGrainedExecutorBackend");
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void losesNothingWhenTheNumberOfWorkersChanges() {
    Dataset<Row> text = text();
    List<StepMetrics> two = steps(estimator("two", 20).fit(text));
    List<StepMetrics> one = steps(estimator("one", 20).setNumWorkers(1).fit(text));
    for (int i = 0; i < 20; i++) {
      assertThat(one.get(i).loss())
          .as("step %d", i + 1)
          .isCloseTo(two.get(i).loss(), within(1e-5 * two.get(i).loss()));
    }
  }
}
