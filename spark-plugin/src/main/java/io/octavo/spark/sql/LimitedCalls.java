package io.octavo.spark.sql;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.catalyst.expressions.Alias;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.AttributeSet;
import org.apache.spark.sql.catalyst.expressions.ExprId;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.expressions.SortOrder;
import org.apache.spark.sql.catalyst.plans.logical.GlobalLimit;
import org.apache.spark.sql.catalyst.plans.logical.LocalLimit;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.apache.spark.sql.catalyst.plans.logical.Sort;

/**
 * Limits below calls: a row in is a row out, so what a limit drops need not be asked about. A limit
 * of sorted rows goes below together with its order, as far as that needs no answer.
 */
final class LimitedCalls {

  private LimitedCalls() {}

  static LogicalPlan apply(LogicalPlan plan) {
    LogicalPlan sorted =
        (LogicalPlan)
            plan.transformDown(
                Scala.<LogicalPlan>partial(
                    GlobalLimit.class::isInstance, node -> sortedBelow((GlobalLimit) node)));
    return (LogicalPlan)
        sorted.transformDown(
            Scala.<LogicalPlan>partial(
                LocalLimit.class::isInstance,
                node -> over(node, limited(((LocalLimit) node).child(), (LocalLimit) node))));
  }

  private static LogicalPlan over(LogicalPlan node, LogicalPlan child) {
    return node.withNewChildren(Scala.seq(List.of(child)));
  }

  private static LogicalPlan limited(LogicalPlan plan, LocalLimit limit) {
    if (plan instanceof Project project) {
      return over(project, limited(project.child(), limit));
    }
    if (plan instanceof ModelCalls calls && !(calls.child() instanceof LocalLimit)) {
      return over(calls, over(limit, calls.child()));
    }
    return plan;
  }

  private static LogicalPlan sortedBelow(GlobalLimit limit) {
    return limit.child() instanceof LocalLimit local
        ? belowSelections(local.child(), limit, local).orElse(limit)
        : limit;
  }

  /** The plan with limit and order further below; empty where they stay. */
  private static Optional<LogicalPlan> belowSelections(
      LogicalPlan plan, GlobalLimit limit, LocalLimit local) {
    if (plan instanceof Project project) {
      return belowSelections(project.child(), limit, local).map(child -> over(project, child));
    }
    return plan instanceof Sort sort && sort.global()
        ? belowCalls(sort.child(), sort, limit, local)
        : Optional.empty();
  }

  /**
   * The same for a sort whose order is by columns of {@code plan}, below the lowest calls it can.
   */
  private static Optional<LogicalPlan> belowCalls(
      LogicalPlan plan, Sort sort, GlobalLimit limit, LocalLimit local) {
    if (plan instanceof ModelCalls calls) {
      if (needs(sort, calls)) {
        return Optional.empty();
      }
      LogicalPlan ordered = over(limit, over(local, over(sort, calls.child())));
      return Optional.of(
          over(calls, belowCalls(calls.child(), sort, limit, local).orElse(ordered)));
    }
    if (plan instanceof Project project && deterministic(project)) {
      Sort beneath = beneath(sort, project);
      return belowCalls(project.child(), beneath, limit, local).map(child -> over(project, child));
    }
    return Optional.empty();
  }

  private static boolean needs(Sort sort, ModelCalls calls) {
    AttributeSet answers = calls.producedAttributes();
    return Scala.list(sort.order()).stream()
        .anyMatch(order -> !order.references().intersect(answers).isEmpty());
  }

  private static boolean deterministic(Project project) {
    return Scala.list(project.projectList()).stream()
        .allMatch(column -> ((Expression) column).deterministic());
  }

  /** The order by columns of the projection's child. */
  private static Sort beneath(Sort sort, Project project) {
    Map<ExprId, Expression> written = new HashMap<>();
    for (NamedExpression column : Scala.list(project.projectList())) {
      if (column instanceof Alias alias) {
        written.put(alias.exprId(), alias.child());
      }
    }
    List<SortOrder> order =
        Scala.list(sort.order()).stream()
            .map(
                each ->
                    (SortOrder)
                        each.transformUp(
                            Scala.<Expression>partial(
                                e -> e instanceof Attribute a && written.containsKey(a.exprId()),
                                e -> written.get(((Attribute) e).exprId()))))
            .toList();
    return new Sort(Scala.seq(order), true, sort.child(), sort.hint());
  }
}
