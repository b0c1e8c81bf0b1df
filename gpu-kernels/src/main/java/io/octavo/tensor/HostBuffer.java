package io.octavo.tensor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.ShortBuffer;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;

/**
 * Memory of the host outside the Java heap, aligned to {@value ArenaPlan#ALIGNMENT} bytes: native
 * libraries use it without copies. Windows of up to 2 GiB have views as NIO buffers of native
 * order; the views are made once, with the window.
 */
public final class HostBuffer implements Buffer {

  private final BytePointer start;
  private final DataType type;
  private final long elements;
  private final ByteBuffer view;
  private final Runnable release;
  private boolean closed;

  private HostBuffer(BytePointer start, DataType type, long elements, Runnable release) {
    this.start = start;
    this.type = type;
    this.elements = elements;
    this.release = release;
    long viewed = Math.min(elements * type.bytes(), Integer.MAX_VALUE);
    this.view =
        viewed == 0
            ? ByteBuffer.allocateDirect(0).order(ByteOrder.nativeOrder())
            : new BytePointer(start).capacity(viewed).asByteBuffer().order(ByteOrder.nativeOrder());
  }

  /**
   * Zeroed memory, seen as U8.
   *
   * @param released called once, when the buffer is closed
   * @throws OutOfMemoryError where the system has no such block
   */
  public static HostBuffer allocate(long bytes, Runnable released) {
    Pointer block = Pointer.calloc(1, bytes + ArenaPlan.ALIGNMENT);
    if (block.isNull()) {
      throw new OutOfMemoryError("Cannot allocate " + bytes + " bytes outside the Java heap");
    }
    long past = block.address() % ArenaPlan.ALIGNMENT;
    BytePointer aligned =
        new BytePointer(block).getPointer(past == 0 ? 0 : ArenaPlan.ALIGNMENT - past);
    Runnable release =
        () -> {
          Pointer.free(block);
          released.run();
        };
    return new HostBuffer(aligned, DataType.U8, bytes, release);
  }

  /** The host memory of a tensor; a tensor of another device is a caller's mistake. */
  public static HostBuffer of(Tensor tensor) {
    if (tensor.buffer() instanceof HostBuffer host) {
      return host;
    }
    throw new IllegalArgumentException(
        "Cannot use tensor %s on the host: it lies on another device".formatted(tensor.shape()));
  }

  @Override
  public DataType type() {
    return type;
  }

  @Override
  public long elements() {
    return elements;
  }

  @Override
  public HostBuffer window(DataType windowType, long byteOffset, long windowElements) {
    long end = Math.addExact(byteOffset, windowElements * windowType.bytes());
    if (closed
        || byteOffset < 0
        || end > bytes()
        || (start.address() + byteOffset) % windowType.bytes() != 0) {
      throw new IndexOutOfBoundsException(
          "Cannot take window [%d, %d) of %s: buffer has %d bytes%s"
              .formatted(byteOffset, end, windowType, bytes(), closed ? " and is closed" : ""));
    }
    return new HostBuffer(
        start.getPointer(byteOffset), windowType, windowElements, HostBuffer::keep);
  }

  private static void keep() {
    // A window owns nothing.
  }

  /** The first element, for native calls. */
  public FloatPointer floatPointer() {
    return new FloatPointer(start);
  }

  /** Bytes of the window, at most 2 GiB; position 0, native order. */
  public ByteBuffer byteView() {
    return view.duplicate().order(ByteOrder.nativeOrder());
  }

  /** F32 elements, for absolute access. */
  public FloatBuffer floats() {
    return view.asFloatBuffer();
  }

  /** I32 elements, for absolute access. */
  public IntBuffer ints() {
    return view.asIntBuffer();
  }

  /** BF16 elements, for absolute access. */
  public ShortBuffer shorts() {
    return view.asShortBuffer();
  }

  /** U8 elements, for absolute access; the one view of this window. */
  public ByteBuffer codes() {
    return view;
  }

  /** A copy of all F32 elements on the heap. */
  public float[] toFloats() {
    float[] copy = new float[Math.toIntExact(elements)];
    floats().get(0, copy);
    return copy;
  }

  /** A copy of all I32 elements on the heap. */
  public int[] toInts() {
    int[] copy = new int[Math.toIntExact(elements)];
    ints().get(0, copy);
    return copy;
  }

  /** Sets every byte to zero. */
  public void fillZero() {
    Pointer.memset(start, 0, bytes());
  }

  /** Replaces all F32 elements. */
  public void put(float[] values) {
    floats().put(0, values);
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      release.run();
    }
  }
}
