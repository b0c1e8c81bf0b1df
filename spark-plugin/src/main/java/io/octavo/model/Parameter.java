package io.octavo.model;

import io.octavo.tensor.Shape;

/**
 * One weight of the model and its place.
 *
 * @param name Hugging Face's, such as {@code model.layers.0.self_attn.q_proj.weight}
 * @param shape as Hugging Face stores it
 * @param offset where it starts in its unit's flat vector, a multiple of 128
 * @param matrix whether it is a matrix: decays, and starts random rather than at 1 or 0
 */
public record Parameter(String name, Shape shape, long offset, boolean matrix) {

  /** Elements including the padding up to the next parameter. */
  public long paddedElements() {
    return ParameterLayout.padded(shape.elements());
  }
}
