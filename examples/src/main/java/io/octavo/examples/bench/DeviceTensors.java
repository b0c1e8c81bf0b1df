package io.octavo.examples.bench;

import io.octavo.kernel.Backend;
import io.octavo.tensor.Buffer;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Tensors of random numbers on a device, all given back together. */
final class DeviceTensors implements AutoCloseable {

  private final Backend backend;
  private final Draws draws;
  private final List<Buffer> buffers = new ArrayList<>();

  DeviceTensors(Backend backend, Draws draws) {
    this.backend = backend;
    this.draws = draws;
  }

  /** Zeros. */
  Tensor empty(DataType type, long... extents) {
    Shape shape = Shape.of(extents);
    Buffer buffer = backend.allocate(Math.max(64, shape.elements() * type.bytes()));
    buffers.add(buffer);
    return new Tensor(shape, buffer.window(type, 0, shape.elements()));
  }

  /** Standard normal numbers (F32 or BF16), or random bytes (U8). */
  Tensor random(DataType type, long... extents) {
    Tensor tensor = empty(type, extents);
    long drawn = Math.min(Draws.COUNT, tensor.elements());
    ByteBuffer host = bytes(Math.toIntExact(drawn) * type.bytes());
    draws.skip();
    while (host.hasRemaining()) {
      draws.put(type, host);
    }
    backend.upload(host.rewind(), tensor.range(0, drawn));
    for (long filled = drawn; filled < tensor.elements(); filled *= 2) {
      long more = Math.min(filled, tensor.elements() - filled);
      backend.copy(tensor.range(0, more), tensor.range(filled, filled + more));
    }
    return tensor;
  }

  Tensor ints(int... values) {
    Tensor tensor = empty(DataType.I32, values.length);
    ByteBuffer host = bytes(values.length * Integer.BYTES);
    host.asIntBuffer().put(values);
    backend.upload(host, tensor);
    return tensor;
  }

  Tensor floats(float... values) {
    Tensor tensor = empty(DataType.F32, values.length);
    ByteBuffer host = bytes(values.length * Float.BYTES);
    host.asFloatBuffer().put(values);
    backend.upload(host, tensor);
    return tensor;
  }

  /** Numbers in {@code [0, bound)}. */
  int[] ids(int count, int bound) {
    return draws.ids(count, bound);
  }

  private static ByteBuffer bytes(int count) {
    return ByteBuffer.allocateDirect(count).order(ByteOrder.nativeOrder());
  }

  @Override
  public void close() {
    backend.synchronize();
    buffers.forEach(Buffer::close);
  }
}
