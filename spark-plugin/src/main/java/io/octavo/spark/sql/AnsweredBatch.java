package io.octavo.spark.sql;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.execution.vectorized.OnHeapColumnVector;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.apache.spark.unsafe.types.UTF8String;
import org.jspecify.annotations.Nullable;

/**
 * Answers batches: all rows of a batch are asked for at once, so that the model computes them
 * together with those of other tasks. Columns of the input are passed on as they are.
 */
final class AnsweredBatch implements AutoCloseable {

  private static final long POLL_MILLIS = 100;
  private static final int EXCERPT = 60;

  private final List<CallColumn> calls;
  private final List<TextCalls> models;
  private final CallMetrics metrics;
  private final StepFill fill;
  private final List<CompletableFuture<?>> asked = new ArrayList<>();
  private final List<OnHeapColumnVector> answers = new ArrayList<>();

  AnsweredBatch(List<CallColumn> calls, List<TextCalls> models, CallMetrics metrics) {
    this.calls = calls;
    this.models = models;
    this.metrics = metrics;
    fill = new StepFill(models.stream().map(TextCalls::model).toList());
  }

  /** The batch with answers beside; they are given back with the next call. */
  ColumnarBatch of(ColumnarBatch batch) {
    long start = System.nanoTime();
    close();
    int rows = batch.numRows();
    ColumnVector[] columns = new ColumnVector[batch.numCols() + calls.size()];
    for (int i = 0; i < batch.numCols(); i++) {
      columns[i] = batch.column(i);
    }
    List<List<@Nullable CompletableFuture<?>>> pending = new ArrayList<>();
    for (int i = 0; i < calls.size(); i++) {
      pending.add(ask(models.get(i), batch.column(calls.get(i).text()), rows));
    }
    for (int i = 0; i < calls.size(); i++) {
      columns[batch.numCols() + i] = answers(i, batch.column(calls.get(i).text()), pending.get(i));
    }
    metrics.rows().add(rows);
    metrics.stepRows().set(fill.rowsPerStep());
    metrics.modelTime().add((System.nanoTime() - start) / 1_000_000);
    return new ColumnarBatch(columns, rows);
  }

  private List<@Nullable CompletableFuture<?>> ask(TextCalls model, ColumnVector texts, int rows) {
    List<@Nullable CompletableFuture<?>> pending = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      CompletableFuture<?> answer =
          texts.isNullAt(row) ? null : model.ask(texts.getUTF8String(row));
      if (answer != null) {
        asked.add(answer);
      }
      pending.add(answer);
    }
    return pending;
  }

  private OnHeapColumnVector answers(
      int call, ColumnVector texts, List<@Nullable CompletableFuture<?>> pending) {
    DataType type = calls.get(call).type();
    OnHeapColumnVector vector = new OnHeapColumnVector(pending.size(), type);
    answers.add(vector);
    AnswerWriter writer = new AnswerWriter(type);
    for (int row = 0; row < pending.size(); row++) {
      CompletableFuture<?> future = pending.get(row);
      writer.append(vector, future == null ? null : answer(call, texts.getUTF8String(row), future));
    }
    return vector;
  }

  private Object answer(int place, UTF8String text, CompletableFuture<?> future) {
    CallColumn call = calls.get(place);
    try {
      Object value = await(future);
      return call.options().failOnError()
          ? value
          : new GenericInternalRow(new Object[] {value, null});
    } catch (ExecutionException e) {
      Throwable cause = Optional.ofNullable(e.getCause()).orElse(e);
      String why = String.valueOf(cause.getMessage());
      // Rows are not to blame for it.
      if (!models.get(place).model().serving()) {
        throw new IllegalStateException(
            "Cannot answer %s: %s; a task that is tried again loads the model anew"
                .formatted(call.function().sqlName(), why),
            cause);
      }
      metrics.failedRows().add(1);
      if (!call.options().failOnError()) {
        return new GenericInternalRow(new Object[] {null, UTF8String.fromString(why)});
      }
      throw new IllegalArgumentException(
          "Cannot answer %s for %s: %s. With failOnError => false such rows give the error as a value"
              .formatted(call.function().sqlName(), excerpt(text), why),
          cause);
    }
  }

  private static String excerpt(UTF8String text) {
    String whole = text.toString();
    return whole.length() <= EXCERPT
        ? "'" + whole + "'"
        : "'%s...' (%d characters)".formatted(whole.substring(0, EXCERPT), whole.length());
  }

  private static Object await(CompletableFuture<?> future) throws ExecutionException {
    while (true) {
      if (TaskContext.get().isInterrupted()) {
        throw new TaskKilledException("killed while a model computed for it");
      }
      try {
        return future.get(POLL_MILLIS, TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        continue;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new TaskKilledException("interrupted while a model computed for it");
      }
    }
  }

  /** Gives up what is still asked for, and the answers of the last batch. */
  @Override
  public void close() {
    asked.forEach(future -> future.cancel(true));
    asked.clear();
    answers.forEach(OnHeapColumnVector::close);
    answers.clear();
  }
}
