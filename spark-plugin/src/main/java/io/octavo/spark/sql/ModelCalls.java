package io.octavo.spark.sql;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.AttributeReference;
import org.apache.spark.sql.catalyst.expressions.AttributeSet;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.NamedExpression;
import org.apache.spark.sql.catalyst.plans.logical.LogicalPlan;
import org.apache.spark.sql.types.Metadata;
import org.jspecify.annotations.Nullable;
import scala.collection.immutable.IndexedSeq;
import scala.collection.immutable.Seq;

/** A child's rows with the answers of calls beside: the logical node. */
public final class ModelCalls extends LogicalPlan implements CatalystNode {

  private static final long serialVersionUID = 1;

  private final Seq<ModelCall> calls;
  private final Seq<Attribute> answers;
  private final LogicalPlan child;

  /**
   * Calls whose texts are attributes of the child. Catalyst copies a node by this constructor.
   *
   * @param calls one or more
   * @param answers attributes that the calls give
   * @param child whose rows they are
   */
  public ModelCalls(Seq<ModelCall> calls, Seq<Attribute> answers, LogicalPlan child) {
    this.calls = calls;
    this.answers = answers;
    this.child = child;
  }

  /** A fresh attribute for a call's answer. */
  static Attribute answer(ModelCall call) {
    return new AttributeReference(
        call.prettyName(),
        call.dataType(),
        true,
        Metadata.empty(),
        NamedExpression.newExprId(),
        Scala.seq(List.<String>of()));
  }

  Seq<ModelCall> calls() {
    return calls;
  }

  Seq<Attribute> answers() {
    return answers;
  }

  LogicalPlan child() {
    return child;
  }

  @Override
  public Seq<LogicalPlan> children() {
    return Scala.seq(List.of(child));
  }

  @Override
  public Seq<Attribute> output() {
    List<Attribute> output = new ArrayList<>(Scala.list(child.output()));
    output.addAll(Scala.list(answers));
    return Scala.seq(output);
  }

  @Override
  public AttributeSet producedAttributes() {
    return AttributeSet.apply(Scala.<Expression>seq(Scala.list(answers)));
  }

  @Override
  public LogicalPlan withNewChildrenInternal(IndexedSeq<LogicalPlan> children) {
    return new ModelCalls(calls, answers, children.apply(0));
  }

  @Override
  public List<Object> parts() {
    return List.of(calls, answers, child);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return isEqual(other);
  }

  @Override
  public int hashCode() {
    return super.hashCode();
  }
}
