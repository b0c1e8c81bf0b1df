package io.octavo.spark.ml;

import io.octavo.cpu.CpuBackend;
import io.octavo.kernel.Backend;
import io.octavo.model.Scorer;
import io.octavo.quant.Recipe;
import io.octavo.tokens.Tokenizer;
import io.octavo.tokens.TokenizerSpec;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;

/**
 * Scores the rows of a partition: windows of several rows fill a batch, rows come out in order.
 *
 * @param column position of the text
 */
record TextScorer(
    String directory,
    TokenizerSpec tokenizer,
    String precision,
    int batch,
    int time,
    int column,
    SerializableConfiguration hadoop)
    implements MapPartitionsFunction<Row, Row> {

  @Override
  public Iterator<Row> call(Iterator<Row> rows) {
    return rows.hasNext() ? new Scoring(rows) : rows;
  }

  /** A row on its way: its windows are scored one after the other. */
  private static final class Pending {
    private final Row row;
    private final boolean scored;
    private int windows;
    private long tokens;
    private double nll;

    Pending(Row row, boolean scored) {
      this.row = row;
      this.scored = scored;
    }

    Row result() {
      Object[] values = new Object[row.length() + 3];
      for (int i = 0; i < row.length(); i++) {
        values[i] = row.get(i);
      }
      if (scored) {
        values[row.length()] = nll;
        values[row.length() + 1] = tokens;
        values[row.length() + 2] = tokens == 0 ? null : Math.exp(nll / tokens);
      }
      return RowFactory.create(values);
    }
  }

  private final class Scoring implements Iterator<Row> {
    private final Iterator<Row> rows;
    private final Tokenizer tokens = tokenizer.open();
    private final ExecutorModels.Entry model;
    private final Backend backend;
    private final Scorer scorer;
    private final Deque<Pending> pending = new ArrayDeque<>();
    private final List<int[]> windows = new ArrayList<>();
    private final List<Pending> owners = new ArrayList<>();

    Scoring(Iterator<Row> rows) {
      this.rows = rows;
      this.model = ExecutorModels.PROCESS.lend(new ModelDirectory(directory, hadoop.value()));
      this.backend = new CpuBackend(Math.max(1, TaskContext.get().cpus()));
      this.scorer = new Scorer(model.model(), Recipe.of(precision), backend, batch, time);
      TaskCompletionListener end = context -> close();
      TaskContext.get().addTaskCompletionListener(end);
    }

    private void close() {
      scorer.close();
      backend.close();
      model.close();
      tokens.close();
    }

    @Override
    public boolean hasNext() {
      return !pending.isEmpty() || rows.hasNext();
    }

    @Override
    public Row next() {
      if (!hasNext()) {
        throw new NoSuchElementException("No rows are left");
      }
      while (pending.isEmpty() || pending.peek().windows > 0) {
        if (rows.hasNext() && windows.size() < batch) {
          take(rows.next());
        } else {
          scoreBatch();
        }
      }
      return pending.remove().result();
    }

    private void take(Row row) {
      boolean scored = !row.isNullAt(column);
      Pending taken = new Pending(row, scored);
      pending.add(taken);
      if (!scored) {
        return;
      }
      int[] ids = tokens.encode(row.getString(column));
      for (int from = 0; from + 1 < ids.length; from += time) {
        int[] window = Arrays.copyOfRange(ids, from, Math.min(ids.length, from + time));
        if (window.length > 1) {
          windows.add(window);
          owners.add(taken);
          taken.windows++;
          taken.tokens += window.length - 1;
        }
      }
    }

    private void scoreBatch() {
      int count = Math.min(batch, windows.size());
      double[] sums = scorer.score(windows.subList(0, count));
      for (int i = 0; i < count; i++) {
        Pending owner = owners.get(i);
        owner.nll += sums[i];
        owner.windows--;
      }
      windows.subList(0, count).clear();
      owners.subList(0, count).clear();
    }
  }
}
