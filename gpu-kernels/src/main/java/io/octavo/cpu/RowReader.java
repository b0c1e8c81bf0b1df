package io.octavo.cpu;

import io.octavo.tensor.DataType;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Operand;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;

/** Pieces of rows of an operand as F32, whatever their storage: no copy of the whole is made. */
interface RowReader {

  /** Writes columns {@code [from, from + count)} of a row to {@code target} from {@code at} on. */
  void read(int row, int from, int count, float[] target, int at);

  /** A reader of a tensor, or of codes stored row by row. */
  static RowReader of(Operand operand, Tiles tiles) {
    if (operand instanceof QuantizedTensor quantized) {
      return CodeRows.scaled(quantized, tiles);
    }
    if (operand instanceof Tensor tensor) {
      return tensor.type() == DataType.BF16 ? bf16(tensor, tiles) : f32(tensor);
    }
    throw new IllegalArgumentException(
        "Cannot read rows of %s: a transposed operand stores columns; give the matrix itself"
            .formatted(operand.shape()));
  }

  private static RowReader f32(Tensor tensor) {
    int columns = tensor.columns();
    FloatBuffer values = HostBuffer.of(tensor).floats();
    return (row, from, count, target, at) -> values.get(row * columns + from, target, at, count);
  }

  private static RowReader bf16(Tensor tensor, Tiles tiles) {
    int columns = tensor.columns();
    ShortBuffer values = HostBuffer.of(tensor).shorts();
    return (row, from, count, target, at) -> {
      short[] narrow = tiles.shorts(count);
      values.get(row * columns + from, narrow, 0, count);
      for (int i = 0; i < count; i++) {
        target[at + i] = Float.intBitsToFloat(narrow[i] << 16);
      }
    };
  }
}
