package io.octavo.gguf;

import io.octavo.tensor.Shape;

/** A tensor of a file; rows are whole blocks. */
public record GgufTensor(String name, Shape shape, GgufType type) {

  public GgufTensor {
    if (shape.columns() % type.block() != 0) {
      throw new IllegalArgumentException(
          "Cannot store %s %s as %s: rows are not whole blocks of %d"
              .formatted(name, shape, type, type.block()));
    }
  }

  /** Bytes it takes. */
  public long bytes() {
    return type.bytes(shape.elements());
  }
}
