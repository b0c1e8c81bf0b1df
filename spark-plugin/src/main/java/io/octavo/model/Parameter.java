package io.octavo.model;

import io.octavo.tensor.Shape;

/**
 * One weight of the model and its place.
 *
 * @param name Hugging Face's, such as {@code model.layers.0.self_attn.q_proj.weight}
 * @param shape as Hugging Face stores it
 * @param offset where it starts in its unit's flat vector
 * @param matrix whether it is a matrix: decays, and starts random rather than at 1 or 0
 */
public record Parameter(String name, Shape shape, long offset, boolean matrix) {

  /** Where it ends in its unit's flat vector. */
  public long end() {
    return offset + shape.elements();
  }
}
