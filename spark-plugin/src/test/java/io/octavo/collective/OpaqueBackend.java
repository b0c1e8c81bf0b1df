package io.octavo.collective;

import io.octavo.kernel.ActivationKernels;
import io.octavo.kernel.Backend;
import io.octavo.tensor.Buffer;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A backend that has memory and addition only, and whose memory is reached by copies only. */
public final class OpaqueBackend {

  private record Memory(DataType type, long elements, ByteBuffer memory) implements Buffer {

    @Override
    public Buffer window(DataType windowType, long byteOffset, long count) {
      ByteBuffer part = memory.slice((int) byteOffset, (int) (count * windowType.bytes()));
      return new Memory(windowType, count, part.order(ByteOrder.nativeOrder()));
    }

    @Override
    public void close() {}
  }

  private OpaqueBackend() {}

  /** A new backend. */
  public static Backend create() {
    ActivationKernels activation =
        proxy(
            ActivationKernels.class,
            (proxy, method, arguments) -> {
              if (!method.getName().equals("add")) {
                throw new UnsupportedOperationException(method.getName());
              }
              add((Tensor) arguments[0], (Tensor) arguments[1]);
              return null;
            });
    return proxy(
        Backend.class,
        (proxy, method, arguments) ->
            switch (method.getName()) {
              case "allocate" -> allocate((Long) arguments[0]);
              case "upload" -> bytes((Tensor) arguments[1]).put((ByteBuffer) arguments[0]);
              case "download" -> ((ByteBuffer) arguments[1]).put(bytes((Tensor) arguments[0]));
              case "copy" -> bytes((Tensor) arguments[1]).put(bytes((Tensor) arguments[0]));
              case "activation" -> activation;
              default -> throw new UnsupportedOperationException(method.getName());
            });
  }

  /** A vector with the given values. */
  public static Tensor tensor(Backend backend, float... values) {
    ByteBuffer bytes =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.nativeOrder());
    bytes.asFloatBuffer().put(values);
    Buffer memory = backend.allocate(bytes.capacity());
    Tensor tensor =
        new Tensor(Shape.of(values.length), memory.window(DataType.F32, 0, values.length));
    backend.upload(bytes, tensor);
    return tensor;
  }

  /** The values of a vector. */
  public static float[] values(Backend backend, Tensor tensor) {
    ByteBuffer bytes =
        ByteBuffer.allocate((int) tensor.buffer().bytes()).order(ByteOrder.nativeOrder());
    backend.download(tensor, bytes);
    float[] values = new float[(int) tensor.elements()];
    bytes.flip().order(ByteOrder.nativeOrder()).asFloatBuffer().get(values);
    return values;
  }

  private static Buffer allocate(long bytes) {
    ByteBuffer memory = ByteBuffer.allocate((int) bytes).order(ByteOrder.nativeOrder());
    return new Memory(DataType.U8, bytes, memory);
  }

  private static ByteBuffer bytes(Tensor tensor) {
    return ((Memory) tensor.buffer()).memory().duplicate().order(ByteOrder.nativeOrder());
  }

  private static void add(Tensor source, Tensor target) {
    for (int i = 0; i < source.elements(); i++) {
      int at = i * Float.BYTES;
      float sum = bytes(source).getFloat(at) + bytes(target).getFloat(at);
      bytes(target).putFloat(at, sum);
    }
  }

  private static <T> T proxy(Class<T> type, InvocationHandler handler) {
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler));
  }
}
