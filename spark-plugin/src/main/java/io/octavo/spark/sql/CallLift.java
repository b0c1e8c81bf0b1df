package io.octavo.spark.sql;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.catalyst.expressions.Alias;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Project;
import scala.Option;

/** Moves the calls of one operator into nodes below it. */
final class CallLift {

  private final Map<Expression, Attribute> answers = new HashMap<>();

  private CallLift() {}

  /**
   * The operator with columns instead of calls. Its output may have become wider. Calls in calls
   * come one after the other, the innermost first; one that no child has the columns of stays.
   */
  static LogicalPlan lift(LogicalPlan node) {
    LogicalPlan lifted = node;
    while (true) {
      List<ModelCall> calls = new ArrayList<>();
      for (Expression expression : Scala.list(lifted.expressions())) {
        calls.addAll(CallSearch.innermost(expression));
      }
      CallLift step = new CallLift();
      LogicalPlan next = step.round(lifted, calls);
      if (step.answers.isEmpty()) {
        return lifted;
      }
      lifted = next;
    }
  }

  private LogicalPlan round(LogicalPlan node, List<ModelCall> calls) {
    List<LogicalPlan> children = new ArrayList<>();
    for (LogicalPlan child : Scala.list(node.children())) {
      Map<Expression, ModelCall> own = new LinkedHashMap<>();
      for (ModelCall call : calls) {
        if (!answers.containsKey(call.canonicalized())
            && call.references().subsetOf(child.outputSet())) {
          own.putIfAbsent(call.canonicalized(), call);
        }
      }
      children.add(answered(child, own));
    }
    LogicalPlan moved = node.withNewChildren(Scala.seq(children));
    return (LogicalPlan)
        moved.transformExpressions(
            Scala.<Expression>partial(
                e -> e instanceof ModelCall && answers.containsKey(e.canonicalized()),
                e -> answers.get(e.canonicalized())));
  }

  private LogicalPlan answered(LogicalPlan child, Map<Expression, ModelCall> calls) {
    LogicalPlan plan = child;
    List<ModelCall> fresh = new ArrayList<>();
    for (ModelCall call : calls.values()) {
      AnsweredBelow below = AnsweredBelow.find(call, plan);
      if (below.found()) {
        plan = below.plan();
        answers.put(call.canonicalized(), below.answer());
      } else {
        fresh.add(call);
      }
    }
    return fresh.isEmpty() ? plan : asked(plan, fresh);
  }

  private LogicalPlan asked(LogicalPlan child, List<ModelCall> calls) {
    List<NamedExpression> columns = new ArrayList<>(Scala.list(child.output()));
    int before = columns.size();
    Map<Expression, Attribute> texts = new HashMap<>();
    List<ModelCall> asked = new ArrayList<>();
    List<Attribute> given = new ArrayList<>();
    for (ModelCall call : calls) {
      Attribute text =
          texts.computeIfAbsent(call.text().canonicalized(), key -> column(call.text(), columns));
      asked.add(call.withText(text));
      Attribute answer = ModelCalls.answer(call);
      given.add(answer);
      answers.put(call.canonicalized(), answer);
    }
    LogicalPlan input = columns.size() == before ? child : new Project(Scala.seq(columns), child);
    return new ModelCalls(Scala.seq(asked), Scala.seq(given), input);
  }

  /** A text that is no column becomes one. */
  private static Attribute column(Expression text, List<NamedExpression> columns) {
    if (text instanceof Attribute attribute) {
      return attribute;
    }
    NamedExpression alias = alias(text, "text");
    columns.add(alias);
    return alias.toAttribute();
  }

  static Alias alias(Expression expression, String name) {
    return new Alias(
        expression,
        name,
        NamedExpression.newExprId(),
        Scala.seq(List.of()),
        Option.empty(),
        Scala.seq(List.of()));
  }
}
