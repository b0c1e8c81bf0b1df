package io.octavo.spark.sql;

import java.util.List;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.execution.SparkPlan;
import org.apache.spark.sql.execution.SparkStrategy;
import scala.collection.immutable.Seq;

/**
 * Plans {@link ModelCalls}. Calls that later rules of the optimizer have brought back, as from a
 * correlated subquery, are lifted here.
 */
final class ModelCallsStrategy extends SparkStrategy {

  @Override
  public Seq<SparkPlan> apply(LogicalPlan plan) {
    if (plan instanceof ModelCalls calls) {
      return Scala.seq(
          List.of(new ModelCallsExec(calls.calls(), calls.answers(), planLater(calls.child()))));
    }
    if (!LiftModelCalls.pending(plan)) {
      return Scala.seq(List.of());
    }
    LogicalPlan lifted = new LiftModelCalls().apply(plan);
    if (LiftModelCalls.pending(lifted)) {
      throw new UnsupportedOperationException(
          "Cannot plan a call of a model in this place: no operator below has all its columns; compute it in a subquery first:\n"
              + lifted.treeString());
    }
    return Scala.seq(List.of(planLater(lifted)));
  }
}
