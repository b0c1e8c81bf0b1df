package io.octavo.serve;

import io.octavo.kernel.Backend;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;

/**
 * Numbers of 32 bits that a step reads, column after column of as many as it has rows, so that one
 * copy takes them all to the device. Where they lie follows from the rows alone.
 */
final class PackedInputs {

  private final Backend backend;
  private final Tensor memory;
  private final ByteBuffer bytes;
  private final IntBuffer ints;
  private int rows;
  private int used;

  /**
   * Inputs in given memory.
   *
   * @param memory I32
   */
  PackedInputs(Backend backend, Tensor memory) {
    this.backend = backend;
    this.memory = memory;
    bytes =
        ByteBuffer.allocateDirect(Math.toIntExact(memory.elements() * Integer.BYTES))
            .order(ByteOrder.nativeOrder());
    ints = bytes.asIntBuffer();
  }

  /** Begins anew, with columns of {@code rows} numbers. */
  void begin(int rows) {
    this.rows = rows;
    used = 0;
  }

  /** Writes columns from {@code column} on; {@code rest} fills them up to {@code count}. */
  void put(int column, int[] values, int count, int rest) {
    int at = column * rows;
    ints.put(at, values, 0, values.length);
    for (int i = values.length; i < count; i++) {
      ints.put(at + i, rest);
    }
    used = Math.max(used, at + count);
  }

  /** The same for one column of numbers of another kind; the rest is 0. */
  void put(int column, float[] values) {
    int[] bits = new int[values.length];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.floatToRawIntBits(values[i]);
    }
    put(column, bits, rows, 0);
  }

  /** Copies everything up to the last number that was written. */
  void upload() {
    backend.upload(bytes.duplicate().limit(used * Integer.BYTES), memory.range(0, used));
  }

  /** A column on the device. */
  Tensor ints(int column) {
    return ints(column, rows);
  }

  /** As many numbers of neighbouring columns on the device. */
  Tensor ints(int column, int count) {
    long at = (long) column * rows;
    return memory.range(at, at + count);
  }

  /** A column as F32. */
  Tensor floats(int column) {
    long at = (long) column * rows * Float.BYTES;
    return new Tensor(Shape.of(rows), memory.buffer().window(DataType.F32, at, rows));
  }
}
