package io.octavo.cuda;

import io.octavo.tensor.Buffer;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;
import jcuda.driver.JCudaDriver;

/** Memory of a GPU. The host sees its address and never its content. */
final class DeviceBuffer implements Buffer {

  private final long address;
  private final DataType type;
  private final long elements;
  private final Runnable release;
  private boolean closed;

  private DeviceBuffer(long address, DataType type, long elements, Runnable release) {
    this.address = address;
    this.type = type;
    this.elements = elements;
    this.release = release;
  }

  /**
   * Uninitialised memory, seen as U8; aligned to 256 bytes or more.
   *
   * @param released called once, when the buffer is closed
   * @throws IllegalStateException where the device has no such block; the message has the numbers
   */
  static DeviceBuffer allocate(Device device, long bytes, Runnable released) {
    device.makeCurrent();
    DeviceAddress start = new DeviceAddress();
    int code = JCudaDriver.cuMemAlloc(start, Math.max(bytes, 1));
    if (code != 0) {
      Device.Memory memory = device.memory();
      throw new IllegalStateException(
          "Cannot allocate %,d bytes on %s: %s (%,d of %,d bytes are free)"
              .formatted(
                  bytes, device.name(), Status.describe(code), memory.free(), memory.total()));
    }
    Runnable release =
        () -> {
          device.makeCurrent();
          Status.check(JCudaDriver.cuMemFree(start), "free memory of " + device.name());
          released.run();
        };
    return new DeviceBuffer(start.value(), DataType.U8, bytes, release);
  }

  /** The device memory of a tensor; a tensor of another device is a caller's mistake. */
  static DeviceBuffer of(Tensor tensor) {
    if (tensor.buffer() instanceof DeviceBuffer device) {
      return device;
    }
    throw new IllegalArgumentException(
        "Cannot use tensor %s on the GPU: it lies on the host".formatted(tensor.shape()));
  }

  /** Address of a tensor's first element, for native calls. */
  static long address(Tensor tensor) {
    return of(tensor).address;
  }

  /** Address of the first element. */
  long address() {
    return address;
  }

  /** JCuda's pointer to the first element. */
  DeviceAddress pointer() {
    return new DeviceAddress(address);
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
  public DeviceBuffer window(DataType windowType, long byteOffset, long windowElements) {
    long end = Math.addExact(byteOffset, windowElements * windowType.bytes());
    if (closed
        || byteOffset < 0
        || end > bytes()
        || (address + byteOffset) % windowType.bytes() != 0) {
      throw new IndexOutOfBoundsException(
          "Cannot take window [%d, %d) of %s: buffer has %d bytes%s"
              .formatted(byteOffset, end, windowType, bytes(), closed ? " and is closed" : ""));
    }
    return new DeviceBuffer(address + byteOffset, windowType, windowElements, DeviceBuffer::keep);
  }

  private static void keep() {
    // A window owns nothing.
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      release.run();
    }
  }
}
