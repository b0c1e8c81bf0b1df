package io.octavo.model;

import io.octavo.quant.RandomStream;
import java.util.Arrays;

/**
 * Continues token ids one at a time; every token runs the whole context again, which is meant for
 * samples, not for serving.
 *
 * @param temperature 0 for the most probable token
 * @param seed of the draws
 */
public record TextGenerator(Scorer scorer, double temperature, long seed) {

  /**
   * Up to {@code count} ids that follow {@code prompt}, ending before {@code endOfText}.
   *
   * @throws IllegalArgumentException where the prompt is empty
   */
  public int[] generate(int[] prompt, int count, int endOfText) {
    if (prompt.length == 0) {
      throw new IllegalArgumentException("Cannot continue an empty prompt: give at least a token");
    }
    RandomStream random = new RandomStream(seed, 0);
    int[] tokens = Arrays.copyOf(prompt, prompt.length + count);
    int length = prompt.length;
    while (length < tokens.length) {
      int from = Math.max(0, length - scorer.time());
      float[] logits = scorer.nextLogits(Arrays.copyOfRange(tokens, from, length));
      int next = temperature == 0 ? argMax(logits) : draw(logits, random.uniform(length));
      if (next == endOfText) {
        break;
      }
      tokens[length++] = next;
    }
    return Arrays.copyOfRange(tokens, prompt.length, length);
  }

  private static int argMax(float[] logits) {
    int best = 0;
    for (int id = 1; id < logits.length; id++) {
      if (logits[id] > logits[best]) {
        best = id;
      }
    }
    return best;
  }

  private int draw(float[] logits, double uniform) {
    double largest = logits[argMax(logits)];
    double[] weights = new double[logits.length];
    double sum = 0;
    for (int id = 0; id < logits.length; id++) {
      weights[id] = Math.exp((logits[id] - largest) / temperature);
      sum += weights[id];
    }
    double left = uniform * sum;
    for (int id = 0; id < logits.length; id++) {
      left -= weights[id];
      if (left <= 0) {
        return id;
      }
    }
    return logits.length - 1;
  }
}
