package io.octavo.tensor;

import java.util.List;

/**
 * A matrix that a kernel has just written, and the casts of it that the products to come need.
 *
 * @param values {@code [R, C]}, F32 or BF16
 * @param casts each a {@link Tensor} of another number type, a {@link QuantizedTensor} of the
 *     matrix, or a {@link Transposed} one; all of the matrix's shape
 */
public record CastTarget(Tensor values, List<Operand> casts) {

  public CastTarget {
    casts = List.copyOf(casts);
    for (Operand cast : casts) {
      if (cast.shape().elements() != values.elements()) {
        throw new IllegalArgumentException(
            "Cannot cast %s into %s: the shapes differ".formatted(values.shape(), cast.shape()));
      }
    }
  }
}
