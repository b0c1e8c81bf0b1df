package io.octavo.examples;

import io.octavo.spark.ml.CausalLM;
import io.octavo.spark.ml.CausalLMModel;
import java.io.IOException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** The README's lines: train on a text column in FP8, score, save. */
public final class Quickstart {

  private Quickstart() {}

  /** Usage: {@code Quickstart TEXT_FILE OUTPUT}. */
  public static void main(String[] arguments) throws IOException {
    try (SparkSession spark = Session.open("octavo-quickstart")) {
      Dataset<Row> text = spark.read().text(arguments[0]).toDF("text");
      CausalLMModel model =
          new CausalLM()
              .setModel("byte-tiny")
              .setPrecision("fp8")
              .setOptimizerStates("fp8")
              .setMaxSteps(50)
              .fit(text);
      model.transform(text.limit(5)).show();
      model.write().overwrite().save(arguments[1]);
    }
  }
}
