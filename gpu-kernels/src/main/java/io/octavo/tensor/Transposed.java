package io.octavo.tensor;

/**
 * The numbers of a matrix, stored as the cast of its transpose: what a product needs that contracts
 * over this matrix's rows on hardware whose narrow products contract over the last axis of both
 * operands.
 *
 * @param stored the cast of the {@code [C, R]} transpose of these {@code [R, C]} numbers
 */
public record Transposed(QuantizedTensor stored) implements Operand {

  @Override
  public Shape shape() {
    return Shape.of(stored.shape().columns(), stored.shape().rows());
  }
}
