package io.octavo.quant;

import io.octavo.tensor.Shape;

/** How many neighbouring elements of a matrix share one scale. */
public sealed interface Granularity {

  /** Shape of the scales of a tensor of the given shape (read as a matrix). */
  Shape scaleShape(Shape shape);

  /** One scale for the whole tensor. */
  record PerTensor() implements Granularity {
    @Override
    public Shape scaleShape(Shape shape) {
      return Shape.of(1);
    }
  }

  /** One scale for each row. */
  record PerRow() implements Granularity {
    @Override
    public Shape scaleShape(Shape shape) {
      return Shape.of(shape.rows());
    }
  }

  /**
   * One scale for each {@code 1 x columns} group along a row; the last group of a row may be short.
   */
  record Group(int columns) implements Granularity {
    public Group {
      if (columns < 1) {
        throw new IllegalArgumentException(
            "Invalid group: " + columns + " (expected 1 column or more)");
      }
    }

    @Override
    public Shape scaleShape(Shape shape) {
      return Shape.of(shape.rows(), (shape.columns() + columns - 1) / columns);
    }
  }

  /** One scale for each {@code rows x columns} block; blocks at the edges may be smaller. */
  record Block(int rows, int columns) implements Granularity {
    public Block {
      if (rows < 1 || columns < 1) {
        throw new IllegalArgumentException(
            "Invalid block: %d x %d (expected 1 x 1 or more)".formatted(rows, columns));
      }
    }

    @Override
    public Shape scaleShape(Shape shape) {
      return Shape.of((shape.rows() + rows - 1) / rows, (shape.columns() + columns - 1) / columns);
    }
  }
}
