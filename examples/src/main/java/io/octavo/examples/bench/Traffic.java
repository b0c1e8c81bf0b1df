package io.octavo.examples.bench;

import io.octavo.tensor.Operand;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;
import io.octavo.tensor.Transposed;

/** Bytes of operands, each counted as often as it is named. */
final class Traffic {

  private Traffic() {}

  static long bytes(Iterable<? extends Operand> operands) {
    long bytes = 0;
    for (Operand operand : operands) {
      bytes += bytes(operand);
    }
    return bytes;
  }

  static long bytes(Operand... operands) {
    long bytes = 0;
    for (Operand operand : operands) {
      bytes += bytes(operand);
    }
    return bytes;
  }

  private static long bytes(Operand operand) {
    if (operand instanceof Transposed transposed) {
      return bytes(transposed.stored());
    }
    if (operand instanceof QuantizedTensor quantized) {
      return quantized.codes().buffer().bytes() + quantized.scales().buffer().bytes();
    }
    return ((Tensor) operand).buffer().bytes();
  }
}
