package io.octavo.examples;

import io.octavo.train.StepMetrics;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;

/**
 * What Spark costs a rank: the same steps in a plain JVM, in one executor, and in the plain JVM
 * again, in turn. Prints the median step of each, pauses between steps included, and the ratio of
 * all runs together.
 */
public final class SparkCost {

  private SparkCost() {}

  public static void main(String[] arguments) throws IOException {
    SparkCostOptions options = SparkCostOptions.parse(arguments);
    CostWorkload workload = new CostWorkload(options);
    List<Double> plain = new ArrayList<>();
    List<Double> executor = new ArrayList<>();
    SparkConf conf =
        Session.onThisMachine("octavo-spark-cost", 1)
            .set("spark.octavo.backend", options.backend());
    try (SparkSession spark = SparkSession.builder().config(conf).getOrCreate()) {
      plain.add(report("plain JVM", options, workload.inThisProcess()));
      for (int i = 0; i < options.repetitions(); i++) {
        executor.add(report("executor", options, workload.inExecutor(spark)));
        plain.add(report("plain JVM", options, workload.inThisProcess()));
      }
    }
    System.out.printf(
        Locale.ROOT,
        "%s, %s, %s, batch %d x %d: executor / plain JVM %.3f%n",
        options.backend(),
        options.model(),
        options.precision(),
        options.batch(),
        options.length(),
        mean(plain) / mean(executor));
  }

  /** Prints a run; returns seconds from step to step. */
  private static double report(String where, SparkCostOptions options, List<StepMetrics> steps) {
    List<StepMetrics> measured = steps.subList(steps.size() / 2, steps.size());
    double whole = median(measured.stream().map(s -> s.seconds() + s.pauseSeconds()).toList());
    System.out.printf(
        Locale.ROOT,
        "%-9s %,12.0f tokens/s: a step %.3f ms, between steps %.3f ms, loss %.4f%n",
        where,
        options.batch() * options.length() / whole,
        1e3 * median(measured.stream().map(StepMetrics::seconds).toList()),
        1e3 * median(measured.stream().map(StepMetrics::pauseSeconds).toList()),
        steps.get(steps.size() - 1).loss());
    return whole;
  }

  private static double median(List<Double> values) {
    return values.stream().sorted().skip(values.size() / 2).findFirst().orElseThrow();
  }

  private static double mean(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
  }
}
