package io.octavo.safetensors;

import io.octavo.tensor.Shape;

/**
 * One tensor of a file.
 *
 * @param offset of its first byte in the file
 * @param bytes its length
 */
public record TensorEntry(String name, TensorType type, Shape shape, long offset, long bytes) {

  /** Number of elements. */
  public long elements() {
    return shape.elements();
  }
}
