package io.octavo.serve;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;

/**
 * Who is in a step: every sequence that has nothing left to read gives one row, then others give
 * what they have left to read, first come first served, up to the chunk. A sequence starts when the
 * pool has pages for all that it may become.
 */
final class Scheduler {

  private final PagePool pool;
  private final Decoder decoder;
  private final EngineConfig config;
  private final Deque<Sequence> waiting = new ArrayDeque<>();
  private final List<Sequence> running = new ArrayList<>();

  /** What a row of a step belongs to. */
  private record Row(Sequence sequence, int position, int index) {}

  Scheduler(PagePool pool, Decoder decoder, EngineConfig config) {
    this.pool = pool;
    this.decoder = decoder;
    this.config = config;
  }

  void add(Sequence sequence) {
    waiting.add(sequence);
  }

  boolean idle() {
    return waiting.isEmpty() && running.isEmpty();
  }

  List<Sequence> all() {
    List<Sequence> all = new ArrayList<>(running);
    all.addAll(waiting);
    return all;
  }

  /** Drops who has given up, lets in who fits, and runs a step; returns its rows. */
  int step() {
    waiting.removeIf(sequence -> sequence.future().isDone());
    dropCancelled();
    admit();
    StepRows rows = new StepRows(config.maxBatch() + config.prefillChunk());
    List<Row> wanted = new ArrayList<>();
    List<Sequence> members = new ArrayList<>();
    List<Integer> counts = new ArrayList<>();
    int chunk = config.prefillChunk();
    for (Sequence sequence : running) {
      int left = sequence.length() - sequence.computed();
      int count = left == 1 ? 1 : Math.min(left, chunk);
      if (count == 0 || count > rows.room()) {
        continue;
      }
      chunk -= left == 1 ? 0 : count;
      rows.begin(sequence.pages());
      for (int i = 0; i < count; i++) {
        int position = sequence.computed() + i;
        wanted.add(new Row(sequence, position, rows.add(sequence.token(position), position)));
      }
      members.add(sequence);
      counts.add(count);
    }
    if (members.isEmpty()) {
      return 0;
    }
    compute(rows, wanted);
    for (int i = 0; i < members.size(); i++) {
      Sequence sequence = members.get(i);
      int before = sequence.computed();
      sequence.advance(counts.get(i));
      if (sequence.shareable() > 0 && before < sequence.prompt().length) {
        pool.computed(sequence.prompt(), sequence.computed(), sequence.pages());
      }
      if (sequence.finished()) {
        running.remove(sequence);
        pool.release(sequence.pages());
        sequence.complete();
      }
    }
    return rows.count();
  }

  /** A step in which every row is drawn after is one piece of work for the device. */
  private void compute(StepRows step, List<Row> rows) {
    List<Row> drawing = rows.stream().filter(row -> row.sequence.draws(row.position)).toList();
    if (drawing.size() == step.count() && step.count() <= decoder.maxLogits()) {
      accept(drawing, decoder.decode(step, draws(drawing)));
      return;
    }
    decoder.run(step);
    giveHidden(rows, step.count());
    giveLosses(rows.stream().filter(row -> row.sequence.scores(row.position) >= 0).toList());
    draw(drawing);
  }

  private void dropCancelled() {
    for (Iterator<Sequence> all = running.iterator(); all.hasNext(); ) {
      Sequence sequence = all.next();
      if (sequence.future().isDone()) {
        pool.release(sequence.pages());
        all.remove();
      }
    }
  }

  private void admit() {
    while (!waiting.isEmpty() && running.size() < config.maxBatch()) {
      Sequence next = waiting.peek();
      var lease = pool.lend(next.prompt(), next.shareable(), next.mostTokens());
      if (lease.isEmpty()) {
        return;
      }
      next.lend(lease.get());
      running.add(waiting.remove());
    }
  }

  private void giveHidden(List<Row> rows, int count) {
    if (rows.stream().noneMatch(row -> row.sequence.wantsHidden())) {
      return;
    }
    float[] states = decoder.hidden(count);
    int width = states.length / count;
    for (Row row : rows) {
      if (row.sequence instanceof EmbedSequence embedded) {
        embedded.accept(states, row.index * width);
      }
    }
  }

  private void giveLosses(List<Row> rows) {
    for (int from = 0; from < rows.size(); from += decoder.maxLogits()) {
      List<Row> part = rows.subList(from, Math.min(rows.size(), from + decoder.maxLogits()));
      int[] targets = part.stream().mapToInt(row -> row.sequence.scores(row.position)).toArray();
      float[] losses = decoder.losses(part.stream().mapToInt(Row::index).toArray(), targets);
      for (int i = 0; i < losses.length; i++) {
        ((ScoreSequence) part.get(i).sequence).accept(losses[i]);
      }
    }
  }

  private void draw(List<Row> rows) {
    for (int from = 0; from < rows.size(); from += decoder.maxLogits()) {
      List<Row> part = rows.subList(from, Math.min(rows.size(), from + decoder.maxLogits()));
      accept(part, decoder.sample(draws(part)));
    }
  }

  private static Draws draws(List<Row> rows) {
    Draws draws = new Draws(rows.size());
    for (Row row : rows) {
      draws.add(row.index, row.position, ((GenerateSequence) row.sequence).request());
    }
    return draws;
  }

  private static void accept(List<Row> rows, int[] ids) {
    for (int i = 0; i < ids.length; i++) {
      ((GenerateSequence) rows.get(i).sequence).accept(ids[i]);
    }
  }
}
