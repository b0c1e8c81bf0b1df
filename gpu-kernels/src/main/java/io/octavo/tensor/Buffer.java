package io.octavo.tensor;

/**
 * A typed window on the memory of one device. Windows share their parent's memory and need no
 * closing; the buffer that {@code Backend.allocate} returned does.
 */
public interface Buffer extends AutoCloseable {

  /** How an element is stored. */
  DataType type();

  /** Number of elements of {@link #type()}. */
  long elements();

  /** Size in bytes. */
  default long bytes() {
    return elements() * type().bytes();
  }

  /**
   * A window on part of this buffer.
   *
   * @param type how elements of the window are stored; may differ from this buffer's
   * @param byteOffset where the window starts, a multiple of {@code type.bytes()}
   * @param elements how many elements of {@code type} it has
   * @throws IndexOutOfBoundsException where the window is not inside this buffer
   */
  Buffer window(DataType type, long byteOffset, long elements);

  /** Gives memory back where this buffer owns it; does nothing on a window. */
  @Override
  void close();
}
