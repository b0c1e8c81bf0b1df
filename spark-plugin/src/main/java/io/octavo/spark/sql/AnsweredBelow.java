package io.octavo.spark.sql;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.sql.catalyst.expressions.Alias;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.ExprId;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.plans.logical.Filter;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.catalyst.plans.logical.Project;

/**
 * A plan whose output has the answer of a call that a node in it computes, as a condition below a
 * selection does.
 */
record AnsweredBelow(LogicalPlan plan, Optional<Attribute> column) {

  boolean found() {
    return column.isPresent();
  }

  Attribute answer() {
    return column.orElseThrow();
  }

  static AnsweredBelow find(ModelCall call, LogicalPlan plan) {
    if (plan instanceof ModelCalls node) {
      return inCalls(call, node);
    }
    if (plan instanceof Filter filter) {
      AnsweredBelow below = find(call, filter.child());
      return below.found()
          ? new AnsweredBelow(
              filter.withNewChildren(Scala.seq(List.of(below.plan()))), below.column())
          : below;
    }
    if (plan instanceof Project project) {
      AnsweredBelow below = find(beneath(call, project), project.child());
      return below.found() ? inProject(project, below) : below;
    }
    return new AnsweredBelow(plan, Optional.empty());
  }

  private static AnsweredBelow inCalls(ModelCall call, ModelCalls node) {
    for (int i = 0; i < node.calls().size(); i++) {
      ModelCall each = node.calls().apply(i);
      if (each.semanticEquals(call) || asWritten(each, node).semanticEquals(call)) {
        return new AnsweredBelow(node, Optional.of(node.answers().apply(i)));
      }
    }
    AnsweredBelow below = find(call, node.child());
    return new AnsweredBelow(
        new ModelCalls(node.calls(), node.answers(), below.plan()), below.column());
  }

  /** The call with its text as it was before it became a column of the node's child. */
  private static ModelCall asWritten(ModelCall call, ModelCalls node) {
    return node.child() instanceof Project project ? beneath(call, project) : call;
  }

  /** The call by columns of the projection's child. */
  private static ModelCall beneath(ModelCall call, Project project) {
    Map<ExprId, Expression> written = new HashMap<>();
    for (NamedExpression column : Scala.list(project.projectList())) {
      if (column instanceof Alias alias) {
        written.put(alias.exprId(), alias.child());
      }
    }
    return call.withText(
        (Expression)
            call.text()
                .transformUp(
                    Scala.<Expression>partial(
                        e -> e instanceof Attribute a && written.containsKey(a.exprId()),
                        e -> written.get(((Attribute) e).exprId()))));
  }

  private static AnsweredBelow inProject(Project project, AnsweredBelow below) {
    List<NamedExpression> columns = new ArrayList<>(Scala.list(project.projectList()));
    boolean there = columns.stream().anyMatch(c -> c.toAttribute().semanticEquals(below.answer()));
    if (!there) {
      columns.add(below.answer());
    }
    return new AnsweredBelow(new Project(Scala.seq(columns), below.plan()), below.column());
  }
}
