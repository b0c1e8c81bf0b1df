package io.octavo.spark.sql;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.catalyst.expressions.Alias;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import org.apache.spark.sql.catalyst.rules.Rule;
import scala.Option;

/**
 * Lifts calls out of every operator into a node below it, innermost first: a call within a call's
 * text becomes a node below the other's. Equal calls of an operator are one.
 */
final class LiftModelCalls extends Rule<LogicalPlan> {

  @Override
  public LogicalPlan apply(LogicalPlan plan) {
    return plan.transformUp(Scala.partial(node -> !(node instanceof ModelCalls), this::lift));
  }

  private LogicalPlan lift(LogicalPlan node) {
    List<ModelCall> calls = new ArrayList<>();
    Scala.list(node.expressions()).forEach(expression -> innermost(expression, calls));
    if (calls.isEmpty()) {
      return node;
    }
    Map<Expression, Attribute> answers = new LinkedHashMap<>();
    List<LogicalPlan> children = new ArrayList<>();
    for (LogicalPlan child : Scala.list(node.children())) {
      children.add(below(child, calls, answers));
    }
    if (answers.isEmpty()) {
      return node;
    }
    LogicalPlan renewed = node.withNewChildren(Scala.seq(children));
    renewed =
        (LogicalPlan)
            renewed.transformExpressions(
                Scala.partial(
                    expression ->
                        expression instanceof ModelCall
                            && answers.containsKey(expression.canonicalized()),
                    expression -> answers.get(expression.canonicalized())));
    renewed = lift(renewed);
    return renewed.output().equals(node.output())
        ? renewed
        : new Project(Scala.<NamedExpression>seq(Scala.list(node.output())), renewed);
  }

  /** Collects calls that have none within; returns whether there is any. */
  private static boolean innermost(Expression expression, List<ModelCall> calls) {
    boolean within = false;
    for (Expression child : Scala.list(expression.children())) {
      within |= innermost(child, calls);
    }
    if (expression instanceof ModelCall call) {
      if (!within) {
        calls.add(call);
      }
      return true;
    }
    return within;
  }

  /** The child with the calls that it alone has the attributes for. */
  private static LogicalPlan below(
      LogicalPlan child, List<ModelCall> calls, Map<Expression, Attribute> answers) {
    List<ModelCall> mine = new ArrayList<>();
    List<Attribute> outputs = new ArrayList<>();
    List<NamedExpression> texts = new ArrayList<>(Scala.list(child.output()));
    for (ModelCall call : calls) {
      boolean known = answers.containsKey(call.canonicalized());
      if (known || !call.references().subsetOf(child.outputSet())) {
        continue;
      }
      Attribute answer = ModelCalls.answer(call);
      answers.put(call.canonicalized(), answer);
      outputs.add(answer);
      if (call.text() instanceof Attribute) {
        mine.add(call);
      } else {
        NamedExpression text = named(call.text());
        texts.add(text);
        mine.add(new ModelCall(call.function(), call.options(), text.toAttribute()));
      }
    }
    if (mine.isEmpty()) {
      return child;
    }
    boolean computed = texts.size() > Scala.list(child.output()).size();
    return new ModelCalls(
        Scala.seq(mine),
        Scala.seq(outputs),
        computed ? new Project(Scala.seq(texts), child) : child);
  }

  private static NamedExpression named(Expression text) {
    return new Alias(
        text,
        "octavo_text",
        NamedExpression.newExprId(),
        Scala.seq(List.<String>of()),
        Option.empty(),
        Scala.seq(List.<String>of()));
  }
}
