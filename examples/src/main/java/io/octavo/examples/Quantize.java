package io.octavo.examples;

import io.octavo.spark.ptq.Quantizer;
import java.io.IOException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Quantizes a Hugging Face directory and shows what every layer lost:
 *
 * <pre>
 * Quantize models/llama models/llama-fp8 fp8-row [PATTERN=SCHEME ...]
 * </pre>
 */
public final class Quantize {

  private static final String USAGE =
      "usage: Quantize MODEL OUTPUT SCHEME [PATTERN=SCHEME ...], such as Quantize models/llama models/llama-w4a8 w4a8-int4-128 'lm_head=fp8-row'";
  private static final int ALL = 10_000;

  private Quantize() {}

  public static void main(String[] arguments) throws IOException {
    if (arguments.length < 3) {
      throw new IllegalArgumentException(USAGE);
    }
    Quantizer quantizer = Quantizer.of(arguments[2]);
    for (int i = 3; i < arguments.length; i++) {
      quantizer = with(quantizer, arguments[i]);
    }
    try (SparkSession spark = Session.open("octavo-quantize")) {
      Dataset<Row> report = quantizer.quantize(spark, arguments[0], arguments[1]);
      report.orderBy("sqnr").show(ALL, false);
      report
          .selectExpr(
              "sum(bytes_before) as bytes_before",
              "sum(bytes_after) as bytes_after",
              "sqrt(avg(relative_error * relative_error)) as relative_error")
          .show(false);
    }
  }

  private static Quantizer with(Quantizer quantizer, String rule) {
    int cut = rule.lastIndexOf('=');
    if (cut < 1) {
      throw new IllegalArgumentException("Invalid rule: %s%n%s".formatted(rule, USAGE));
    }
    return quantizer.with(rule.substring(0, cut), rule.substring(cut + 1));
  }
}
