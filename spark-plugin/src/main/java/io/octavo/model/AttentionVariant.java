package io.octavo.model;

import java.util.Set;

/**
 * In what the attention of a Llama-class model differs from Llama's.
 *
 * @param inputBias whether q, k and v have biases though o has none (Qwen2)
 * @param headNorms whether each query and key head has an RMSNorm of its own before it is rotated
 *     (Qwen3)
 * @param window how many positions back a token sees, its own included; all where 0 (Mistral)
 * @param fullLayers layers that see all positions though there is a window
 */
public record AttentionVariant(
    boolean inputBias, boolean headNorms, int window, Set<Integer> fullLayers) {

  /** Llama's own. */
  public static final AttentionVariant NONE = new AttentionVariant(false, false, 0, Set.of());

  public AttentionVariant {
    fullLayers = Set.copyOf(fullLayers);
    if (window < 0) {
      throw new IllegalArgumentException(
          "Invalid sliding_window: %d (expected 1 or more, or none)".formatted(window));
    }
  }

  /** The window of a layer; 0 for none. */
  public int windowOf(int layer) {
    return fullLayers.contains(layer) ? 0 : window;
  }
}
