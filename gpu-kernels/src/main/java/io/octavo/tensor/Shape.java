package io.octavo.tensor;

import java.util.Arrays;

/**
 * Extents of a dense row-major tensor, outermost first. The last extent is contiguous.
 *
 * @param extents one entry a dimension, none negative
 */
public record Shape(long... extents) {

  public Shape {
    extents = extents.clone();
    for (long extent : extents) {
      if (extent < 0) {
        throw new IllegalArgumentException(
            "Invalid shape: " + Arrays.toString(extents) + " (expected extents of 0 or more)");
      }
    }
  }

  /** A shape of the given extents. */
  public static Shape of(long... extents) {
    return new Shape(extents);
  }

  @Override
  public long[] extents() {
    return extents.clone();
  }

  /** Number of dimensions. */
  public int rank() {
    return extents.length;
  }

  /** Extent of one dimension. */
  public long extent(int dimension) {
    return extents[dimension];
  }

  /** Product of all extents; 1 for a scalar. */
  public long elements() {
    long product = 1;
    for (long extent : extents) {
      product = Math.multiplyExact(product, extent);
    }
    return product;
  }

  /** Extent of the contiguous last dimension; 1 for a scalar. */
  public long columns() {
    return extents.length == 0 ? 1 : extents[extents.length - 1];
  }

  /** Product of all extents but the last: the shape read as a matrix. */
  public long rows() {
    long product = 1;
    for (int i = 0; i < extents.length - 1; i++) {
      product = Math.multiplyExact(product, extents[i]);
    }
    return product;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape shape && Arrays.equals(extents, shape.extents);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(extents);
  }

  @Override
  public String toString() {
    return Arrays.toString(extents);
  }
}
