package io.octavo.cuda;

import io.octavo.tensor.Operand;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;
import io.octavo.tensor.Transposed;

/**
 * One side of {@code D[M,N] = A[M,K] B[N,K]^T}.
 *
 * @param address first element
 * @param element how an element is stored
 * @param scaling which elements share a scale
 * @param scales address of the scales; 0 where there are none
 * @param order whether rows or columns are contiguous in memory
 */
record GemmOperand(
    long address, GemmElement element, GemmScaling scaling, long scales, Order order) {

  /** Which neighbours in memory differ by one. */
  enum Order {
    /** Stored {@code [rows, K]}: what FP8 tensor cores need. */
    CONTRACTED_LAST,
    /** Stored {@code [K, rows]}. */
    CONTRACTED_FIRST;

    Order flipped() {
      return this == CONTRACTED_LAST ? CONTRACTED_FIRST : CONTRACTED_LAST;
    }
  }

  /** A side whose memory is {@code operand}'s, its last axis contracted or not. */
  static GemmOperand of(Operand operand, Order order) {
    if (operand instanceof Transposed transposed) {
      return of(transposed.stored(), order.flipped());
    }
    if (operand instanceof QuantizedTensor quantized) {
      return new GemmOperand(
          DeviceBuffer.address(quantized.codes()),
          GemmElement.of(quantized.spec().element()),
          GemmScaling.of(quantized.spec().granularity()),
          DeviceBuffer.address(quantized.scales()),
          order);
    }
    Tensor tensor = (Tensor) operand;
    return new GemmOperand(
        DeviceBuffer.address(tensor), GemmElement.of(tensor.type()), GemmScaling.NONE, 0, order);
  }
}
