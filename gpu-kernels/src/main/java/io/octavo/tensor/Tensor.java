package io.octavo.tensor;

/**
 * A dense row-major array of numbers on one device. {@link DataType#F32} and {@link DataType#BF16}
 * tensors are operands of matrix products; {@code U8} and {@code I32} ones hold codes and indices.
 *
 * @param shape extents, the last contiguous
 * @param buffer memory, exactly {@code shape.elements()} long
 */
public record Tensor(Shape shape, Buffer buffer) implements Operand {

  public Tensor {
    if (shape.elements() != buffer.elements()) {
      throw new IllegalArgumentException(
          "Cannot view buffer of %d elements as %s: it has %d elements"
              .formatted(buffer.elements(), shape, shape.elements()));
    }
  }

  /** How an element is stored. */
  public DataType type() {
    return buffer.type();
  }

  /** Number of elements. */
  public long elements() {
    return buffer.elements();
  }

  /** The shape read as a matrix: product of all extents but the last. */
  public int rows() {
    return Math.toIntExact(shape.rows());
  }

  /** Extent of the last dimension. */
  public int columns() {
    return Math.toIntExact(shape.columns());
  }

  /** The same memory under another shape of as many elements. */
  public Tensor reshape(long... extents) {
    return new Tensor(Shape.of(extents), buffer);
  }

  /**
   * Rows {@code [from, to)} of this tensor read as a matrix, sharing memory.
   *
   * @throws IndexOutOfBoundsException where the range is not inside
   */
  public Tensor rowRange(long from, long to) {
    long columns = shape.columns();
    return new Tensor(
        Shape.of(to - from, columns),
        buffer.window(type(), from * columns * type().bytes(), (to - from) * columns));
  }

  /** Elements {@code [from, to)} of this tensor read as a vector, sharing memory. */
  public Tensor range(long from, long to) {
    return new Tensor(Shape.of(to - from), buffer.window(type(), from * type().bytes(), to - from));
  }
}
