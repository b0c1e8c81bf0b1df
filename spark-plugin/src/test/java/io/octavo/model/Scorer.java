package io.octavo.model;

import io.octavo.kernel.Arena;
import io.octavo.kernel.Backend;
import io.octavo.kernel.LossKernels;
import io.octavo.kernel.Planning;
import io.octavo.quant.Recipe;
import io.octavo.tensor.ArenaPlan;
import java.util.Arrays;
import java.util.List;

/** Negative log-likelihoods of windows of tokens, and next-token logits, by a loaded model. */
public final class Scorer implements AutoCloseable {

  private final Arena arena;
  private final Transformer transformer;
  private final int vocabulary;

  /**
   * A scorer with memory for {@code batch} windows of at most {@code time} tokens.
   *
   * @throws IllegalArgumentException where windows are longer than the model's context
   */
  public Scorer(LoadedModel model, Recipe recipe, Backend backend, int batch, int time) {
    if (time > model.config().contextLength()) {
      throw new IllegalArgumentException(
          "Invalid sequenceLength: %d (expected at most %d, the model's max_position_embeddings)"
              .formatted(time, model.config().contextLength()));
    }
    ArenaPlan plan = new ArenaPlan();
    TransformerPlan slots =
        TransformerPlan.inference(plan, Planning.of(backend), model.config(), recipe, batch, time);
    arena = Arena.allocate(plan, backend);
    transformer = new Transformer(slots, arena, backend, model.units());
    vocabulary = model.config().vocabulary();
  }

  /** Windows of one call. */
  public int batch() {
    return transformer.batch();
  }

  /** Tokens of a window at most. */
  public int time() {
    return transformer.time();
  }

  /**
   * Sum of the negative log-likelihoods of a window's tokens but the first, in nats, for each of up
   * to {@link #batch} windows.
   *
   * @throws IllegalArgumentException where a window is too long or holds an id outside the
   *     vocabulary
   */
  public double[] score(List<int[]> windows) {
    float[] losses = transformer.score(batchOf(windows));
    double[] sums = new double[windows.size()];
    for (int window = 0; window < sums.length; window++) {
      for (int i = 0; i < time(); i++) {
        sums[window] += losses[window * time() + i];
      }
    }
    return sums;
  }

  /** Logits of the token after {@code tokens}, which are one or more. */
  public float[] nextLogits(int[] tokens) {
    int last = tokens.length - 1;
    return transformer.logits(batchOf(List.of(tokens)), last, last + 1);
  }

  /** Logits after every token, row-major {@code [tokens, vocabulary]}. */
  public float[] logits(int[] tokens) {
    return transformer.logits(batchOf(List.of(tokens)), 0, tokens.length);
  }

  private MicroBatch batchOf(List<int[]> windows) {
    int rows = batch() * time();
    int[] ids = new int[rows];
    int[] targets = new int[rows];
    int[] positions = new int[rows];
    Arrays.fill(targets, LossKernels.IGNORED);
    Arrays.setAll(positions, row -> row % time());
    if (windows.size() > batch()) {
      throw new IllegalArgumentException(
          "Cannot score %d windows at once: at most %d fit".formatted(windows.size(), batch()));
    }
    for (int window = 0; window < windows.size(); window++) {
      int[] tokens = windows.get(window);
      check(tokens);
      int at = window * time();
      System.arraycopy(tokens, 0, ids, at, tokens.length);
      for (int i = 0; i + 1 < tokens.length; i++) {
        targets[at + i] = tokens[i + 1];
      }
    }
    return new MicroBatch(ids, targets, positions, new int[rows]);
  }

  private void check(int[] tokens) {
    if (tokens.length > time()) {
      throw new IllegalArgumentException(
          "Cannot score window of %d tokens: at most %d fit".formatted(tokens.length, time()));
    }
    for (int id : tokens) {
      if (id < 0 || id >= vocabulary) {
        throw new IllegalArgumentException(
            "Cannot score token id %d: the model's vocabulary has %d; is the tokenizer another model's?"
                .formatted(id, vocabulary));
      }
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
