package io.octavo.reference;

import io.octavo.format.Bfloat16;
import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Operand;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;
import io.octavo.tensor.Transposed;
import java.nio.ByteBuffer;
import java.nio.ShortBuffer;

/** The numbers of an operand, whatever their storage, as F32 on the heap. */
final class OperandValues {

  private OperandValues() {}

  static float[] of(Operand operand) {
    if (operand instanceof QuantizedTensor quantized) {
      return dequantized(quantized);
    }
    if (operand instanceof Transposed transposed) {
      QuantizedTensor stored = transposed.stored();
      return transpose(dequantized(stored), stored.codes().rows(), stored.codes().columns());
    }
    Tensor tensor = (Tensor) operand;
    return tensor.type() == DataType.BF16 ? widened(tensor) : HostBuffer.of(tensor).toFloats();
  }

  private static float[] widened(Tensor tensor) {
    ShortBuffer source = HostBuffer.of(tensor).shorts();
    float[] values = new float[Math.toIntExact(tensor.elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = Float.intBitsToFloat(source.get(i) << 16);
    }
    return values;
  }

  private static float[] dequantized(QuantizedTensor quantized) {
    QuantSpec spec = quantized.spec();
    ByteBuffer codes = HostBuffer.of(quantized.codes()).codes();
    float[] scales = of(quantized.scales());
    int columns = quantized.codes().columns();
    float[] values = new float[Math.toIntExact(quantized.codes().elements())];
    for (int at = 0; at < values.length; at++) {
      float scale = scales[scaleIndex(spec.granularity(), columns, at / columns, at % columns)];
      values[at] = spec.element().decode(codes.get(at) & 0xFF) * scale;
    }
    return values;
  }

  /** The transpose of a matrix of {@code rows} by {@code columns}. */
  static float[] transpose(float[] values, int rows, int columns) {
    float[] transposed = new float[values.length];
    for (int at = 0; at < values.length; at++) {
      transposed[at % columns * rows + at / columns] = values[at];
    }
    return transposed;
  }

  /** Replaces all numbers of an F32 or BF16 tensor, rounding to nearest even. */
  static void put(float[] values, Tensor target) {
    HostBuffer buffer = HostBuffer.of(target);
    if (target.type() == DataType.F32) {
      buffer.put(values);
      return;
    }
    ShortBuffer codes = buffer.shorts();
    for (int i = 0; i < values.length; i++) {
      codes.put(i, Bfloat16.encode(values[i]));
    }
  }

  /** Which scale the element at a row and column has. */
  static int scaleIndex(Granularity granularity, int columns, int row, int column) {
    if (granularity instanceof Granularity.PerTensor) {
      return 0;
    }
    if (granularity instanceof Granularity.PerRow) {
      return row;
    }
    int scaleColumns = (int) granularity.scaleColumns(columns);
    if (granularity instanceof Granularity.Group group) {
      return row * scaleColumns + column / group.columns();
    }
    Granularity.Block block = (Granularity.Block) granularity;
    return row / block.rows() * scaleColumns + column / block.columns();
  }
}
