package io.octavo.examples;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** Times functions of quantized vectors beside array functions that Spark has. */
public final class VectorBench {

  private static final int ROUNDS = 7;
  private static final int ELEMENTS = 32;

  private VectorBench() {}

  /** Usage: {@code VectorBench [ROWS]}. */
  public static void main(String[] arguments) throws IOException {
    long rows = arguments.length > 0 ? Long.parseLong(arguments[0]) : 1_000_000;
    try (SparkSession spark = Session.open("octavo-vector-bench")) {
      Dataset<Row> vectors =
          spark
              .range(rows)
              .selectExpr(
                  "transform(sequence(1, %d), i -> float(sin(id * 31 + i))) AS v"
                      .formatted(ELEMENTS))
              .cache();
      vectors.count();
      System.out.printf("| of %,d vectors of %d elements | s |%n|---|---|%n", rows, ELEMENTS);
      for (String call :
          List.of(
              "transform(v, x -> x * 2)",
              "reverse(v)",
              "array_sort(v)",
              "array_distinct(v)",
              "octavo_quantize(v, 'e4m3', 32)",
              "octavo_quantize(v, 'int8', 32)",
              "octavo_quantize(v, 'e2m1', 16)",
              "octavo_dequantize(octavo_quantize(v, 'e4m3', 32))",
              "octavo_similarity(octavo_quantize(v, 'int8', 32), octavo_quantize(v, 'e4m3', 32))")) {
        System.out.printf(Locale.ROOT, "| `%s` | %.3f |%n", call, median(vectors, call));
      }
    }
  }

  private static double median(Dataset<Row> vectors, String call) {
    double[] seconds = new double[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
      long start = System.nanoTime();
      vectors.selectExpr(call).write().format("noop").mode("overwrite").save();
      seconds[i] = (System.nanoTime() - start) / 1e9;
    }
    Arrays.sort(seconds);
    return seconds[ROUNDS / 2];
  }
}
