package io.octavo.serve;

import java.util.concurrent.CompletableFuture;

/** A text whose mean hidden state is wanted. */
final class EmbedSequence extends ReadSequence {

  private final CompletableFuture<float[]> future = new CompletableFuture<>();
  private final double[] sum;

  EmbedSequence(int[] tokens, int width) {
    super(tokens);
    sum = new double[width];
  }

  @Override
  CompletableFuture<float[]> future() {
    return future;
  }

  @Override
  boolean wantsHidden() {
    return true;
  }

  /** Takes the state of the next position, which starts at {@code from}. */
  void accept(float[] states, int from) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += states[from + i];
    }
  }

  @Override
  void complete() {
    float[] mean = new float[sum.length];
    for (int i = 0; i < sum.length; i++) {
      mean[i] = (float) (sum[i] / length());
    }
    future.complete(mean);
  }
}
