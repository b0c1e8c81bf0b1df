package io.octavo.cuda;

import io.octavo.tensor.Buffer;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Deque;

/** Tensors of a test on a GPU, given back together. */
final class DeviceTensors implements AutoCloseable {

  private final CudaBackend backend;
  private final Deque<Buffer> memory = new ArrayDeque<>();

  DeviceTensors(CudaBackend backend) {
    this.backend = backend;
  }

  Tensor empty(DataType type, long... extents) {
    Shape shape = Shape.of(extents);
    Buffer buffer = backend.allocate(shape.elements() * type.bytes());
    memory.push(buffer);
    return new Tensor(shape, buffer.window(type, 0, shape.elements()));
  }

  Tensor of(float[] values, long... extents) {
    Tensor tensor = empty(DataType.F32, extents);
    ByteBuffer bytes = bytes(values.length * Float.BYTES);
    bytes.asFloatBuffer().put(values);
    backend.upload(bytes, tensor);
    return tensor;
  }

  Tensor ofBf16(short[] values, long... extents) {
    Tensor tensor = empty(DataType.BF16, extents);
    ByteBuffer bytes = bytes(values.length * Short.BYTES);
    bytes.asShortBuffer().put(values);
    backend.upload(bytes, tensor);
    return tensor;
  }

  Tensor ofInts(int[] values, long... extents) {
    Tensor tensor = empty(DataType.I32, extents);
    ByteBuffer bytes = bytes(values.length * Integer.BYTES);
    bytes.asIntBuffer().put(values);
    backend.upload(bytes, tensor);
    return tensor;
  }

  Tensor ofCodes(byte[] codes, long... extents) {
    Tensor tensor = empty(DataType.U8, extents);
    backend.upload(ByteBuffer.wrap(codes), tensor);
    return tensor;
  }

  /** Values of an F32 or BF16 tensor. */
  float[] floats(Tensor tensor) {
    ByteBuffer bytes = bytes(Math.toIntExact(tensor.buffer().bytes()));
    backend.download(tensor, bytes);
    float[] values = new float[Math.toIntExact(tensor.elements())];
    if (tensor.type() == DataType.F32) {
      bytes.asFloatBuffer().get(values);
    } else {
      for (int i = 0; i < values.length; i++) {
        values[i] = Float.intBitsToFloat(bytes.getShort(2 * i) << 16);
      }
    }
    return values;
  }

  private static ByteBuffer bytes(int size) {
    return ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
  }

  @Override
  public void close() {
    memory.forEach(Buffer::close);
  }
}
