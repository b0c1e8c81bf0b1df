package io.octavo.spark.sql;

import io.octavo.spark.OctavoConf;
import io.octavo.spark.serve.ExecutorPlacement;
import io.octavo.spark.serve.ModelCache;
import java.io.Serializable;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;
import scala.collection.Iterator;
import scala.jdk.javaapi.CollectionConverters;
import scala.runtime.AbstractFunction1;

/** A task's part: the batches of a partition with the answers of calls beside. */
final class AnswerBatches
    extends AbstractFunction1<Iterator<ColumnarBatch>, Iterator<ColumnarBatch>>
    implements Serializable {

  private static final long serialVersionUID = 1;

  private final List<CallColumn> calls;
  private final SerializableConfiguration hadoop;
  private final CallMetrics metrics;

  AnswerBatches(List<CallColumn> calls, SerializableConfiguration hadoop, CallMetrics metrics) {
    this.calls = calls;
    this.hadoop = hadoop;
    this.metrics = metrics;
  }

  @Override
  public Iterator<ColumnarBatch> apply(Iterator<ColumnarBatch> batches) {
    return batches.hasNext()
        ? CollectionConverters.asScala(new Answering(CollectionConverters.asJava(batches)))
        : batches;
  }

  private final class Answering implements java.util.Iterator<ColumnarBatch> {
    private final java.util.Iterator<ColumnarBatch> batches;
    private final ModelCache.Lease lease;
    private final AnsweredBatch answered;

    Answering(java.util.Iterator<ColumnarBatch> batches) {
      this.batches = batches;
      lease =
          ModelCache.PROCESS.lend(
              calls.stream().map(call -> call.options().model()).collect(Collectors.toSet()),
              OctavoConf.of(SparkEnv.get().conf()),
              hadoop.value(),
              ExecutorPlacement.current());
      answered =
          new AnsweredBatch(
              calls,
              calls.stream()
                  .map(call -> new TextCalls(call, lease.model(call.options().model()), metrics))
                  .toList(),
              metrics);
      TaskCompletionListener end = context -> close();
      TaskContext.get().addTaskCompletionListener(end);
    }

    @Override
    public boolean hasNext() {
      return batches.hasNext();
    }

    @Override
    public ColumnarBatch next() {
      return answered.of(batches.next());
    }

    /** Also where the task is killed: what is still asked for is given up. */
    private void close() {
      answered.close();
      lease.close();
    }
  }
}
