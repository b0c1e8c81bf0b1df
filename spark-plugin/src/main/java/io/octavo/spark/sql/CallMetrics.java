package io.octavo.spark.sql;

import java.io.Serializable;
import java.util.List;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.execution.metric.SQLMetric;
import org.apache.spark.sql.execution.metric.SQLMetrics;
import scala.Tuple2;
import scala.collection.immutable.Map;

/** What the SQL tab shows of calls. */
record CallMetrics(
    SQLMetric rows,
    SQLMetric promptTokens,
    SQLMetric generatedTokens,
    SQLMetric failedRows,
    SQLMetric modelTime,
    SQLMetric stepRows)
    implements Serializable {

  /** Metrics by the names that plans have for them. */
  static Map<String, SQLMetric> create(SparkContext context) {
    return scala.collection.immutable.Map$.MODULE$.from(
        Scala.seq(
            List.of(
                new Tuple2<>(
                    "numOutputRows", SQLMetrics.createMetric(context, "number of output rows")),
                new Tuple2<>("promptTokens", SQLMetrics.createMetric(context, "tokens of texts")),
                new Tuple2<>(
                    "generatedTokens", SQLMetrics.createMetric(context, "tokens generated")),
                new Tuple2<>("failedRows", SQLMetrics.createMetric(context, "rows with errors")),
                new Tuple2<>(
                    "modelTime", SQLMetrics.createTimingMetric(context, "time with the model", -1)),
                new Tuple2<>(
                    "stepRows",
                    SQLMetrics.createAverageMetric(context, "rows of a step of the engine")))));
  }

  static CallMetrics of(Map<String, SQLMetric> metrics) {
    return new CallMetrics(
        metrics.apply("numOutputRows"),
        metrics.apply("promptTokens"),
        metrics.apply("generatedTokens"),
        metrics.apply("failedRows"),
        metrics.apply("modelTime"),
        metrics.apply("stepRows"));
  }
}
