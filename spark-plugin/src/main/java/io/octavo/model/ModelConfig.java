package io.octavo.model;

import java.util.Optional;

/**
 * Shape of a Llama-class model, in Hugging Face's terms.
 *
 * @param vocabulary ids are in {@code [0, vocabulary)}
 * @param hidden C: width of the residual stream
 * @param feedForward F: width of the SwiGLU layer
 * @param layers decoder layers
 * @param heads query heads
 * @param keyValueHeads divides {@code heads}
 * @param headSize D: even
 * @param contextLength positions the model was made for
 * @param normEpsilon of RMSNorm
 * @param ropeTheta base of the rotary frequencies
 * @param ropeScaling stretch of the rotary frequencies
 * @param attentionBias whether q, k, v and o have biases
 * @param feedForwardBias whether gate, up and down have biases
 * @param tiedHead whether the output head is the embedding table
 * @param initializerRange standard deviation of fresh weights
 * @param variant in what the attention is not Llama's
 */
public record ModelConfig(
    int vocabulary,
    int hidden,
    int feedForward,
    int layers,
    int heads,
    int keyValueHeads,
    int headSize,
    int contextLength,
    float normEpsilon,
    double ropeTheta,
    RopeScaling ropeScaling,
    boolean attentionBias,
    boolean feedForwardBias,
    boolean tiedHead,
    float initializerRange,
    AttentionVariant variant) {

  public ModelConfig {
    positive("vocab_size", vocabulary);
    positive("hidden_size", hidden);
    positive("intermediate_size", feedForward);
    positive("num_hidden_layers", layers);
    positive("num_attention_heads", heads);
    positive("num_key_value_heads", keyValueHeads);
    positive("head_dim", headSize);
    positive("max_position_embeddings", contextLength);
    if (heads % keyValueHeads != 0) {
      throw new IllegalArgumentException(
          "Invalid num_key_value_heads: %d (expected a divisor of num_attention_heads %d)"
              .formatted(keyValueHeads, heads));
    }
    if (headSize % 2 != 0) {
      throw new IllegalArgumentException(
          "Invalid head_dim: %d (expected an even number)".formatted(headSize));
    }
  }

  /** A config with Llama's attention. */
  public ModelConfig(
      int vocabulary,
      int hidden,
      int feedForward,
      int layers,
      int heads,
      int keyValueHeads,
      int headSize,
      int contextLength,
      float normEpsilon,
      double ropeTheta,
      RopeScaling ropeScaling,
      boolean attentionBias,
      boolean feedForwardBias,
      boolean tiedHead,
      float initializerRange) {
    this(
        vocabulary,
        hidden,
        feedForward,
        layers,
        heads,
        keyValueHeads,
        headSize,
        contextLength,
        normEpsilon,
        ropeTheta,
        ropeScaling,
        attentionBias,
        feedForwardBias,
        tiedHead,
        initializerRange,
        AttentionVariant.NONE);
  }

  /**
   * What the trainer does not compute of this model; empty where it computes everything.
   *
   * @param time tokens of a sequence
   */
  public Optional<String> untrainable(int time) {
    if (variant.headNorms()) {
      return Optional.of(
          "the model has norms of single heads, which are only computed where a model is served, so choose a model of Llama's, Mistral's or Qwen2's kind");
    }
    return variant.window() > 0 && variant.window() < time
        ? Optional.of(
            "the model has layers with a sliding window, which is only computed where a model is served, so set sequenceLength to %d or less"
                .formatted(variant.window()))
        : Optional.empty();
  }

  private static void positive(String name, int value) {
    if (value <= 0) {
      throw new IllegalArgumentException(
          "Invalid %s: %d (expected more than 0)".formatted(name, value));
    }
  }

  /** A config with Llama's usual settings: theta 10000, eps 1e-5, no biases, untied head. */
  public static ModelConfig llama(
      int vocabulary,
      int hidden,
      int feedForward,
      int layers,
      int heads,
      int keyValueHeads,
      int contextLength) {
    return new ModelConfig(
        vocabulary,
        hidden,
        feedForward,
        layers,
        heads,
        keyValueHeads,
        hidden / heads,
        contextLength,
        1e-5f,
        10_000,
        new RopeScaling.Default(),
        false,
        false,
        false,
        0.02f);
  }

  /** Whether the query, key and value projections have biases. */
  public boolean inputBias() {
    return attentionBias || variant.inputBias();
  }

  /** Columns of the query projection's result: {@code Hq D}. */
  public int queryWidth() {
    return heads * headSize;
  }

  /** Columns of the key and value projections' results: {@code Hkv D}. */
  public int keyValueWidth() {
    return keyValueHeads * headSize;
  }

  /** Weights of all linear layers but the head. */
  public long linearParameters() {
    long attention = (long) hidden * (2L * queryWidth() + 2L * keyValueWidth());
    return layers * (attention + 3L * hidden * feedForward);
  }

  /**
   * FLOPs of forward and backward for one token of a sequence of {@code time}: 6 a weight of linear
   * layers and head, and causal attention.
   */
  public double flopsPerToken(int time) {
    double linear = 6.0 * (linearParameters() + (double) vocabulary * hidden);
    return linear + 6.0 * layers * time * queryWidth();
  }
}
