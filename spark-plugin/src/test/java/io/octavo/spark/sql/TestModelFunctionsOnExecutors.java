package io.octavo.spark.sql;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.spark.LocalCluster;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The functions on executors that are killed while they work. */
class TestModelFunctionsOnExecutors {

  private static final int QUERIES = 4;
  private static final int ROWS = 397;

  @TempDir Path directory;

  private SparkSession spark;

  private List<Row> query(int number) {
    return spark
        .sql(
            "SELECT id, octavo_generate('%s', concat('query %d, row ', id), 4, temperature => 0.9, seed => %d) FROM range(0, %d, 1, 5) ORDER BY id"
                .formatted(directory, number, number, ROWS))
        .collectAsList();
  }

  /** A task that ends its executor, once. */
  private void killAnExecutor() {
    String mark = directory.resolve("killed-" + System.nanoTime()).toString();
    MapPartitionsFunction<Long, Long> kill =
        rows -> {
          if (new java.io.File(mark).createNewFile()) {
            Runtime.getRuntime().halt(1);
          }
          return rows;
        };
    assertThat(spark.range(0, 1, 1, 1).mapPartitions(kill, Encoders.LONG()).count()).isEqualTo(1);
  }

  @Test
  void answersEveryRowOnceWhileExecutorsAreKilled() throws Exception {
    RandomModel.write(directory, 11);
    SparkConf conf =
        LocalCluster.conf(2)
            .set("spark.octavo.serve.cacheMemory", "8m")
            .set("spark.task.maxFailures", "20")
            .set("spark.stage.maxConsecutiveAttempts", "20")
            .set("spark.scheduler.mode", "FAIR");
    spark = SparkSession.builder().config(conf).getOrCreate();
    ExecutorService clients = Executors.newFixedThreadPool(QUERIES);
    try {
      spark.sparkContext().setLogLevel("ERROR");
      List<List<Row>> undisturbed = new ArrayList<>();
      for (int i = 0; i < QUERIES; i++) {
        undisturbed.add(query(i));
      }
      List<Future<List<Row>>> running = new ArrayList<>();
      for (int i = 0; i < QUERIES; i++) {
        int number = i;
        running.add(clients.submit(() -> query(number)));
      }
      killAnExecutor();
      killAnExecutor();
      for (int i = 0; i < QUERIES; i++) {
        assertThat(running.get(i).get()).hasSize(ROWS).isEqualTo(undisturbed.get(i));
      }
    } finally {
      clients.shutdownNow();
      spark.close();
    }
  }
}
