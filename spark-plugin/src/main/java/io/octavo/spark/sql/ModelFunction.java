package io.octavo.spark.sql;

import java.util.List;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** Functions that ask a model. */
enum ModelFunction {
  GENERATE(
      "octavo_generate",
      DataTypes.StringType,
      List.of("maxTokens", "temperature", "topP", "seed", "stop", "failOnError")),
  SCORE(
      "octavo_score",
      new StructType(
          new StructField[] {
            DataTypes.createStructField("nll", DataTypes.DoubleType, false),
            DataTypes.createStructField("tokens", DataTypes.LongType, false),
            DataTypes.createStructField("perplexity", DataTypes.DoubleType, true)
          }),
      List.of("window", "failOnError")),
  EMBED(
      "octavo_embed",
      DataTypes.createArrayType(DataTypes.FloatType, false),
      List.of("failOnError")),
  TOKENS(
      "octavo_tokens",
      DataTypes.createArrayType(DataTypes.IntegerType, false),
      List.of("failOnError"));

  private final String sqlName;
  private final DataType response;
  private final List<String> options;

  ModelFunction(String sqlName, DataType response, List<String> options) {
    this.sqlName = sqlName;
    this.response = response;
    this.options = options;
  }

  String sqlName() {
    return sqlName;
  }

  /** Options in the order they are given without names. */
  List<String> options() {
    return options;
  }

  /** What a row gives. */
  DataType response() {
    return response;
  }

  /** What a row gives with errors beside: {@code struct<response, error>}. */
  DataType responseOrError() {
    return new StructType(
        new StructField[] {
          DataTypes.createStructField("response", response, true),
          DataTypes.createStructField("error", DataTypes.StringType, true)
        });
  }
}
