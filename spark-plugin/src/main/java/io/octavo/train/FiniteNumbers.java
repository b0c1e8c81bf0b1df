package io.octavo.train;

import io.octavo.format.Bfloat16;
import io.octavo.format.ElementFormat;
import io.octavo.kernel.Backend;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Operand;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Whether numbers are neither NaN nor infinite; for diagnosis, not for speed. */
final class FiniteNumbers {

  private static final int CHUNK = 1 << 20;

  private FiniteNumbers() {}

  static boolean in(Operand operand, Backend backend) {
    if (operand instanceof QuantizedTensor quantized) {
      return inCodes(quantized, backend);
    }
    Tensor tensor = (Tensor) operand;
    return tensor.type() == DataType.F32
        ? Double.isFinite(backend.optimizer().sumOfSquares(tensor))
        : everyByChunk(tensor, backend, FiniteNumbers::inBfloat16);
  }

  private static boolean inCodes(QuantizedTensor quantized, Backend backend) {
    ElementFormat format = quantized.spec().element();
    return everyByChunk(
        quantized.codes(),
        backend,
        codes -> {
          boolean finite = true;
          while (codes.hasRemaining()) {
            finite &= Float.isFinite(format.decode(codes.get() & 0xFF));
          }
          return finite;
        });
  }

  private static boolean inBfloat16(ByteBuffer values) {
    boolean finite = true;
    while (values.hasRemaining()) {
      finite &= Float.isFinite(Bfloat16.decode(values.getShort()));
    }
    return finite;
  }

  private interface Check {
    boolean holds(ByteBuffer values);
  }

  private static boolean everyByChunk(Tensor tensor, Backend backend, Check check) {
    for (long from = 0; from < tensor.elements(); from += CHUNK) {
      Tensor chunk = tensor.range(from, Math.min(from + CHUNK, tensor.elements()));
      ByteBuffer host =
          ByteBuffer.allocateDirect(Math.toIntExact(chunk.buffer().bytes()))
              .order(ByteOrder.nativeOrder());
      backend.download(chunk, host);
      if (!check.holds(host)) {
        return false;
      }
    }
    return true;
  }
}
