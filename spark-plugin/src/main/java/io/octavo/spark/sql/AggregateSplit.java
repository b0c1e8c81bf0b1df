package io.octavo.spark.sql;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.expressions.aggregate.AggregateExpression;
import org.apache.spark.sql.catalyst.plans.logical.Aggregate;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import scala.collection.immutable.Seq;

/**
 * An aggregate whose results are asked about, as {@code octavo_generate(m, max(text))}, in two: the
 * aggregate alone, and above it what is computed of its results.
 */
final class AggregateSplit {

  private final Aggregate original;
  private final Map<Expression, NamedExpression> results = new LinkedHashMap<>();
  private final List<NamedExpression> above = new ArrayList<>();

  private AggregateSplit(Aggregate original) {
    this.original = original;
    for (NamedExpression column : Scala.list(original.aggregateExpressions())) {
      above.add((NamedExpression) ofResults((Expression) column));
    }
  }

  /** Empty where calls are only below: in what is aggregated, or grouped by. */
  static Optional<AggregateSplit> of(Aggregate aggregate) {
    AggregateSplit split = new AggregateSplit(aggregate);
    boolean asks = split.above.stream().anyMatch(c -> CallSearch.contains((Expression) c));
    return asks ? Optional.of(split) : Optional.empty();
  }

  /** The expression over columns of the aggregate. */
  private Expression ofResults(Expression expression) {
    boolean grouped =
        Scala.list(original.groupingExpressions()).stream().anyMatch(expression::semanticEquals);
    if (grouped || expression instanceof AggregateExpression) {
      return results
          .computeIfAbsent(
              expression.canonicalized(),
              key ->
                  expression instanceof NamedExpression named
                      ? named
                      : CallLift.alias(expression, "result"))
          .toAttribute();
    }
    List<Expression> children =
        Scala.list(expression.children()).stream().map(this::ofResults).toList();
    return children.isEmpty()
        ? expression
        : (Expression) expression.withNewChildren(Scala.seq(children));
  }

  Aggregate aggregate() {
    Seq<NamedExpression> columns = Scala.seq(List.copyOf(results.values()));
    return original.copy(
        original.groupingExpressions(), columns, original.child(), original.hint());
  }

  Project above(LogicalPlan aggregate) {
    return new Project(Scala.seq(above), aggregate);
  }
}
