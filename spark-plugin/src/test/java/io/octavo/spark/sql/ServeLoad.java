package io.octavo.spark.sql;

import io.octavo.spark.LocalCluster;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Queries at once over executors that are killed at random, each compared with its run alone. Its
 * test is {@link TestModelFunctionsOnExecutors}, which is smaller.
 */
public final class ServeLoad {

  private static final int EXECUTORS = 2;

  private final SparkSession spark;
  private final Path model;
  private final int rows;

  private ServeLoad(SparkSession spark, Path model, int rows) {
    this.spark = spark;
    this.model = model;
    this.rows = rows;
  }

  /** Usage: {@code ServeLoad DIRECTORY QUERIES ROWS}. */
  public static void main(String[] arguments) throws Exception {
    Path model = RandomModel.write(Path.of(arguments[0]), 11);
    int queries = Integer.parseInt(arguments[1]);
    SparkConf conf =
        LocalCluster.conf(EXECUTORS)
            .set("spark.octavo.serve.cacheMemory", "16m")
            .set("spark.task.maxFailures", "100")
            .set("spark.stage.maxConsecutiveAttempts", "100")
            .set("spark.deploy.maxExecutorRetries", "-1")
            .set("spark.scheduler.mode", "FAIR");
    try (SparkSession spark = SparkSession.builder().config(conf).getOrCreate()) {
      spark.sparkContext().setLogLevel("OFF");
      ServeLoad load = new ServeLoad(spark, model, Integer.parseInt(arguments[2]));
      load.run(queries);
    }
  }

  private List<Row> query(int number) {
    return spark
        .sql(
            "SELECT id, octavo_generate('%s', concat('q%d row ', id), 2, temperature => 0.9, seed => %d) FROM range(0, %d, 1, 8) ORDER BY id"
                .formatted(model, number, number, rows))
        .collectAsList();
  }

  private void run(int queries) throws Exception {
    query(0);
    long before = residentMegabytes();
    long start = System.nanoTime();
    List<List<Row>> alone = new ArrayList<>();
    for (int i = 0; i < queries; i++) {
      alone.add(query(i));
    }
    System.out.printf("one by one: %.1f s%n", (System.nanoTime() - start) / 1e9);
    System.out.printf("executors: %d MiB before, %d MiB after%n", before, residentMegabytes());
    ExecutorService clients = Executors.newFixedThreadPool(queries);
    List<Future<List<Row>>> running = new ArrayList<>();
    start = System.nanoTime();
    for (int i = 0; i < queries; i++) {
      int number = i;
      running.add(clients.submit(() -> query(number)));
    }
    clients.shutdown();
    int killed = killWhileRunning(running);
    int different = 0;
    for (int i = 0; i < queries; i++) {
      different += running.get(i).get().equals(alone.get(i)) ? 0 : 1;
    }
    System.out.printf(
        "%d queries of %d rows at once, %d executors killed: %.1f s, %d differ from their run alone%n",
        queries, rows, killed, (System.nanoTime() - start) / 1e9, different);
    System.out.printf("executors: %d MiB at the end%n", residentMegabytes());
  }

  private static int killWhileRunning(List<Future<List<Row>>> running) throws Exception {
    Random random = new Random(3);
    int killed = 0;
    while (running.stream().anyMatch(query -> !query.isDone())) {
      Thread.sleep(4_000 + random.nextInt(12_000));
      List<ProcessHandle> executors = executors();
      if (!executors.isEmpty() && running.stream().anyMatch(query -> !query.isDone())) {
        executors.get(random.nextInt(executors.size())).destroyForcibly();
        killed++;
      }
    }
    return killed;
  }

  private static List<ProcessHandle> executors() {
    return ProcessHandle.current().descendants().filter(ProcessHandle::isAlive).toList();
  }

  /** Resident memory of all executors, where the system tells it. */
  private static long residentMegabytes() throws IOException {
    long total = 0;
    for (ProcessHandle executor : executors()) {
      Path status = Path.of("/proc/%d/status".formatted(executor.pid()));
      for (String line : Files.exists(status) ? Files.readAllLines(status) : List.<String>of()) {
        if (line.startsWith("VmRSS:")) {
          total += Long.parseLong(line.replaceAll("\\D", "")) / 1024;
        }
      }
    }
    return total;
  }
}
