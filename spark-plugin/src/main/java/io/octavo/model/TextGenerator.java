package io.octavo.model;

import io.octavo.quant.RandomStream;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * Continues token ids one at a time; every token runs the whole context again, which is meant for
 * samples, not for serving.
 *
 * @param temperature 0 for the most probable token
 * @param topP draws are among the most probable tokens that together have at least this probability
 * @param seed of the draws
 */
public record TextGenerator(Scorer scorer, double temperature, double topP, long seed) {

  public TextGenerator {
    require(temperature >= 0, "temperature", temperature, "0 or more");
    require(topP > 0 && topP <= 1, "topP", topP, "(0, 1]");
  }

  /** Draws among all tokens. */
  public TextGenerator(Scorer scorer, double temperature, long seed) {
    this(scorer, temperature, 1, seed);
  }

  private static void require(boolean holds, String name, double value, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(
          "Invalid %s: %s (expected %s)".formatted(name, value, expected));
    }
  }

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
    int[] candidates =
        topP < 1 ? nucleus(weights, sum) : IntStream.range(0, logits.length).toArray();
    double mass = Arrays.stream(candidates).mapToDouble(id -> weights[id]).sum();
    double left = uniform * mass;
    for (int id : candidates) {
      left -= weights[id];
      if (left <= 0) {
        return id;
      }
    }
    return candidates[candidates.length - 1];
  }

  /** The fewest most probable ids that have at least {@code topP} of {@code sum}. */
  private int[] nucleus(double[] weights, double sum) {
    int[] ids =
        IntStream.range(0, weights.length)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer id) -> -weights[id]))
            .mapToInt(Integer::intValue)
            .toArray();
    int count = 0;
    double mass = 0;
    while (count < ids.length && mass < topP * sum) {
      mass += weights[ids[count++]];
    }
    return Arrays.copyOf(ids, Math.max(1, count));
  }
}
