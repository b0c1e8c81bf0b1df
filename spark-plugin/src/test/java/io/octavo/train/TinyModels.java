package io.octavo.train;

import io.octavo.model.AttentionVariant;
import io.octavo.model.ModelConfig;
import io.octavo.model.RopeScaling;
import io.octavo.optim.AdamWConfig;
import io.octavo.optim.LearningRateSchedule;
import io.octavo.optim.MomentFormat;
import io.octavo.quant.Recipe;
import java.util.Arrays;
import java.util.Random;
import java.util.Set;

/** Models of a few thousand weights with every branch of the architecture, and data for them. */
final class TinyModels {

  static final int VOCABULARY = 48;
  static final int END_OF_TEXT = VOCABULARY - 1;

  private TinyModels() {}

  /** Biases everywhere, tied head, shared key/value heads, stretched frequencies. */
  static ModelConfig biasedAndTied() {
    return new ModelConfig(
        VOCABULARY,
        32,
        48,
        2,
        4,
        2,
        12,
        64,
        1e-5f,
        10_000,
        new RopeScaling.Linear(2),
        true,
        true,
        true,
        0.1f);
  }

  /** Qwen2's biases, YaRN's frequencies, a window that no sequence of a test fills. */
  static ModelConfig inputBiased() {
    return new ModelConfig(
        VOCABULARY,
        32,
        48,
        2,
        4,
        2,
        12,
        64,
        1e-5f,
        500,
        new RopeScaling.Yarn(4, 4, 0.25, 16, 1.139, 500, 12),
        false,
        false,
        true,
        0.1f,
        new AttentionVariant(true, false, 15, Set.of(0)));
  }

  /** As the main job's models, smaller. */
  static ModelConfig plain() {
    return ModelConfig.llama(VOCABULARY, 32, 48, 2, 4, 2, 64);
  }

  /** So many words that the logits of a few rows fill the plan's chunk; llama3's frequencies. */
  static ModelConfig manyWords() {
    return new ModelConfig(
        200_003,
        8,
        16,
        1,
        2,
        1,
        6,
        64,
        1e-5f,
        10_000,
        new RopeScaling.Llama3(8, 1, 4, 16),
        false,
        false,
        false,
        0.3f);
  }

  static TrainConfig config(
      Recipe recipe, MomentFormat moments, float learningRate, int time, int batch) {
    return new TrainConfig(
        recipe,
        moments,
        AdamWConfig.defaults(learningRate),
        new LearningRateSchedule.Constant(),
        time,
        batch,
        batch,
        1000,
        3);
  }

  /** Ids that mostly follow from the one before, without ends of text. */
  static int[] tokens(long seed, int count) {
    Random random = new Random(seed);
    int[] tokens = new int[count];
    for (int i = 0; i < count; i++) {
      int follower = i == 0 ? 1 : (tokens[i - 1] * 5 + 3) % END_OF_TEXT;
      tokens[i] = random.nextInt(4) > 0 ? follower : random.nextInt(END_OF_TEXT);
    }
    return tokens;
  }

  /** The documents one after the other, each but the last ended, filled up with padding. */
  static int[] packed(int length, int[]... documents) {
    int[] sample = new int[length];
    Arrays.fill(sample, -1);
    int at = 0;
    for (int[] document : documents) {
      System.arraycopy(document, 0, sample, at, document.length);
      at += document.length;
      if (at < length) {
        sample[at++] = END_OF_TEXT;
      }
    }
    return sample;
  }
}
