package io.octavo.spark.sql;

import java.util.List;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.execution.SparkPlan;
import org.apache.spark.sql.execution.SparkStrategy;
import scala.collection.immutable.Seq;

/** Plans {@link ModelCalls}. */
final class ModelCallsStrategy extends SparkStrategy {

  @Override
  public Seq<SparkPlan> apply(LogicalPlan plan) {
    return plan instanceof ModelCalls calls
        ? Scala.seq(
            List.of(new ModelCallsExec(calls.calls(), calls.answers(), planLater(calls.child()))))
        : Scala.seq(List.of());
  }
}
