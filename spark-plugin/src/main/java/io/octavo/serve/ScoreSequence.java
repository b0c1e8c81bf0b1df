package io.octavo.serve;

import java.util.concurrent.CompletableFuture;

/** A window of tokens whose probability is wanted. */
final class ScoreSequence extends ReadSequence {

  private final CompletableFuture<Double> future = new CompletableFuture<>();
  private double sum;

  ScoreSequence(int[] tokens) {
    super(tokens);
  }

  @Override
  CompletableFuture<Double> future() {
    return future;
  }

  @Override
  int scores(int position) {
    return position + 1 < length() ? token(position + 1) : -1;
  }

  /** Takes the loss of the next position; positions come in order. */
  void accept(float loss) {
    sum += loss;
  }

  @Override
  void complete() {
    future.complete(sum);
  }
}
