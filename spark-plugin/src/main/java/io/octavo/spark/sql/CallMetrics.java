package io.octavo.spark.sql;

import java.io.Serializable;
import org.apache.spark.sql.execution.metric.SQLMetric;
import scala.collection.immutable.Map;

/** What the SQL tab shows of calls. */
record CallMetrics(
    SQLMetric rows,
    SQLMetric promptTokens,
    SQLMetric generatedTokens,
    SQLMetric failedRows,
    SQLMetric modelTime)
    implements Serializable {

  static CallMetrics of(Map<String, SQLMetric> metrics) {
    return new CallMetrics(
        metrics.apply("numOutputRows"),
        metrics.apply("promptTokens"),
        metrics.apply("generatedTokens"),
        metrics.apply("failedRows"),
        metrics.apply("modelTime"));
  }
}
