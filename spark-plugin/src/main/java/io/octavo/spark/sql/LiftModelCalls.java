package io.octavo.spark.sql;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.catalyst.expressions.And;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.optimizer.ColumnPruning$;
import org.apache.spark.sql.catalyst.plans.Inner$;
import org.apache.spark.sql.catalyst.plans.logical.Aggregate;
import org.apache.spark.sql.catalyst.plans.logical.Filter;
import org.apache.spark.sql.catalyst.plans.logical.Join;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.apache.spark.sql.catalyst.rules.Rule;
import scala.Option;

/**
 * Moves calls of models out of all operators, each into a node below its operator. Conditions that
 * need no model are decided before; equal calls are computed once; limits go below the calls, and
 * columns that nobody reads do not enter them.
 */
final class LiftModelCalls extends Rule<LogicalPlan> {

  /** Whether an operator of this plan, its subqueries aside, still has calls in it. */
  static boolean pending(LogicalPlan plan) {
    return hasCalls(plan) || Scala.list(plan.children()).stream().anyMatch(c -> pending(c));
  }

  private static boolean hasCalls(LogicalPlan node) {
    return !(node instanceof ModelCalls)
        && Scala.list(node.expressions()).stream().anyMatch(CallSearch::contains);
  }

  @Override
  public LogicalPlan apply(LogicalPlan plan) {
    if (!pending(plan)) {
      return plan;
    }
    LogicalPlan lifted =
        (LogicalPlan)
            plan.transformUp(
                Scala.<LogicalPlan>partial(LiftModelCalls::hasCalls, LiftModelCalls::lift));
    return LimitedCalls.apply(ColumnPruning$.MODULE$.apply(lifted));
  }

  private static LogicalPlan lift(LogicalPlan node) {
    if (node instanceof Filter filter) {
      return liftFilter(filter);
    }
    if (node instanceof Join join && bothSides(join).size() > 0) {
      return liftJoin(join);
    }
    if (node instanceof Aggregate aggregate) {
      return AggregateSplit.of(aggregate)
          .map(
              split ->
                  restore(
                      node,
                      CallLift.lift(
                          split.above(
                              restore(split.aggregate(), CallLift.lift(split.aggregate()))))))
          .orElseGet(() -> restore(node, CallLift.lift(node)));
    }
    return restore(node, CallLift.lift(node));
  }

  /** What needs no model is decided first: a model is slow. */
  private static LogicalPlan liftFilter(Filter filter) {
    List<Expression> cheap = new ArrayList<>();
    List<Expression> asking = new ArrayList<>();
    for (Expression condition : CallSearch.conjuncts(filter.condition())) {
      (CallSearch.contains(condition) ? asking : cheap).add(condition);
    }
    LogicalPlan below =
        cheap.isEmpty() ? filter.child() : new Filter(conjunction(cheap), filter.child());
    return restore(filter, CallLift.lift(new Filter(conjunction(asking), below)));
  }

  private static Expression conjunction(List<Expression> conditions) {
    return conditions.stream().reduce(And::new).orElseThrow();
  }

  /** Conditions with a call on columns of both sides: no side can compute it. */
  private static List<Expression> bothSides(Join join) {
    return join.condition().isEmpty()
        ? List.of()
        : CallSearch.conjuncts(join.condition().get()).stream()
            .filter(condition -> CallSearch.callsBetween(condition, join.left(), join.right()))
            .toList();
  }

  /** An inner join's condition may as well be decided on the joined rows. */
  private static LogicalPlan liftJoin(Join join) {
    List<Expression> after = bothSides(join);
    if (!join.joinType().equals(Inner$.MODULE$)) {
      throw new UnsupportedOperationException(
          "Cannot use %s as condition of a %s join: it asks a model about columns of both sides; join by the other conditions first, then filter"
              .formatted(conjunction(after).sql(), join.joinType().sql()));
    }
    List<Expression> rest = new ArrayList<>(CallSearch.conjuncts(join.condition().get()));
    rest.removeAll(after);
    Option<Expression> condition =
        rest.isEmpty() ? Option.empty() : Option.apply(conjunction(rest));
    LogicalPlan joined =
        join.copy(join.left(), join.right(), join.joinType(), condition, join.hint());
    LogicalPlan lifted = hasCalls(joined) ? restore(joined, CallLift.lift(joined)) : joined;
    return liftFilter(new Filter(conjunction(after), lifted));
  }

  @SuppressWarnings("unchecked") // attributes are named expressions
  private static LogicalPlan restore(LogicalPlan before, LogicalPlan after) {
    return after.output().equals(before.output())
        ? after
        : new Project(
            (scala.collection.immutable.Seq<NamedExpression>)
                (scala.collection.immutable.Seq<?>) before.output(),
            after);
  }
}
