package io.octavo.spark.sql;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.rdd.RDD;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.Attribute;
import org.apache.spark.sql.catalyst.expressions.AttributeSet;
import org.apache.spark.sql.catalyst.expressions.Expression;
import org.apache.spark.sql.catalyst.expressions.SortOrder;
import org.apache.spark.sql.catalyst.plans.physical.Partitioning;
import org.apache.spark.sql.execution.SparkPlan;
import org.apache.spark.sql.execution.metric.SQLMetric;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.apache.spark.util.SerializableConfiguration;
import org.jspecify.annotations.Nullable;
import scala.collection.immutable.IndexedSeq;
import scala.collection.immutable.Map;
import scala.collection.immutable.Seq;
import scala.reflect.ClassTag;

/** Columnar batches in, the same with the answers of calls beside out. */
public final class ModelCallsExec extends SparkPlan implements CatalystNode {

  private static final long serialVersionUID = 1;

  private final Seq<ModelCall> calls;
  private final Seq<Attribute> answers;
  private final SparkPlan child;
  private @Nullable Map<String, SQLMetric> metrics;

  /** Answers of {@code calls} under {@code answers}. Catalyst copies a node by this constructor. */
  public ModelCallsExec(Seq<ModelCall> calls, Seq<Attribute> answers, SparkPlan child) {
    this.calls = calls;
    this.answers = answers;
    this.child = child;
  }

  /** Made when they are first asked for: a plan is copied often and few copies run. */
  @Override
  public synchronized Map<String, SQLMetric> metrics() {
    if (metrics == null) {
      metrics = CallMetrics.create(sparkContext());
    }
    return metrics;
  }

  @Override
  public Seq<SparkPlan> children() {
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
  public Partitioning outputPartitioning() {
    return child.outputPartitioning();
  }

  @Override
  public Seq<SortOrder> outputOrdering() {
    return child.outputOrdering();
  }

  @Override
  public boolean supportsColumnar() {
    return true;
  }

  @Override
  public boolean supportsRowBased() {
    return false;
  }

  @Override
  public RDD<InternalRow> doExecute() {
    throw new UnsupportedOperationException("Cannot run calls of models row by row");
  }

  @Override
  public RDD<ColumnarBatch> doExecuteColumnar() {
    SerializableConfiguration hadoop =
        new SerializableConfiguration(session().sessionState().newHadoopConf());
    List<Attribute> inputs = Scala.list(child.output());
    List<CallColumn> columns = new ArrayList<>();
    for (int i = 0; i < calls.size(); i++) {
      ModelCall call = calls.apply(i);
      Attribute text = (Attribute) call.text();
      int place = 0;
      while (!inputs.get(place).exprId().equals(text.exprId())) {
        place++;
      }
      columns.add(
          new CallColumn(
              call.function(),
              call.options().qualified(hadoop.value()),
              place,
              answers.apply(i).dataType()));
    }
    return child
        .executeColumnar()
        .mapPartitions(
            new AnswerBatches(List.copyOf(columns), hadoop, CallMetrics.of(metrics())),
            true,
            ClassTag.apply(ColumnarBatch.class));
  }

  @Override
  public SparkPlan withNewChildrenInternal(IndexedSeq<SparkPlan> children) {
    return new ModelCallsExec(calls, answers, children.apply(0));
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
