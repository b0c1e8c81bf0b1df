package io.octavo.spark.sql;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.catalyst.expressions.And;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.NamedLambdaVariable;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;

/** Where calls of models are in expressions. */
final class CallSearch {

  private CallSearch() {}

  static boolean contains(Expression expression) {
    return expression instanceof ModelCall
        || Scala.list(expression.children()).stream().anyMatch(CallSearch::contains);
  }

  /** Whether an expression is about an element of an array rather than a row. */
  static boolean inLambda(Expression expression) {
    return expression instanceof NamedLambdaVariable
        || Scala.list(expression.children()).stream().anyMatch(CallSearch::inLambda);
  }

  /** Calls without a call in them: those that can be computed first. */
  static List<ModelCall> innermost(Expression expression) {
    List<ModelCall> found = new ArrayList<>();
    collect(expression, found);
    return found;
  }

  private static boolean collect(Expression expression, List<ModelCall> found) {
    boolean within = false;
    for (Expression child : Scala.list(expression.children())) {
      within |= collect(child, found);
    }
    if (expression instanceof ModelCall call) {
      if (!within) {
        found.add(call);
      }
      return true;
    }
    return within;
  }

  static List<Expression> conjuncts(Expression condition) {
    if (!(condition instanceof And and)) {
      return List.of(condition);
    }
    List<Expression> both = new ArrayList<>(conjuncts(and.left()));
    both.addAll(conjuncts(and.right()));
    return both;
  }

  /** Whether a call in the expression needs columns of both plans. */
  static boolean callsBetween(Expression expression, LogicalPlan left, LogicalPlan right) {
    return expression instanceof ModelCall call
            && !call.references().subsetOf(left.outputSet())
            && !call.references().subsetOf(right.outputSet())
        || Scala.list(expression.children()).stream()
            .anyMatch(child -> callsBetween(child, left, right));
  }
}
