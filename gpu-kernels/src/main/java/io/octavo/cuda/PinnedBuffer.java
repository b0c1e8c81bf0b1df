package io.octavo.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jcuda.Pointer;
import jcuda.driver.JCudaDriver;

/** Host memory that the device reads and writes by itself, so that copies are asynchronous. */
public final class PinnedBuffer implements AutoCloseable {

  private final Device device;
  private final HostAddress start = new HostAddress();
  private final ByteBuffer view;
  private boolean closed;

  PinnedBuffer(Device device, int bytes) {
    this.device = device;
    device.makeCurrent();
    Status.check(
        JCudaDriver.cuMemHostAlloc(start, bytes, 0), "pin %,d bytes of the host".formatted(bytes));
    this.view = start.getByteBuffer(0, bytes).order(ByteOrder.nativeOrder());
  }

  /** All bytes in native order, position 0; each call gives a view of its own. */
  public ByteBuffer bytes() {
    return view.duplicate().order(ByteOrder.nativeOrder());
  }

  /** Size in bytes. */
  public int size() {
    return view.capacity();
  }

  Pointer pointer() {
    return start;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      device.makeCurrent();
      Status.check(JCudaDriver.cuMemFreeHost(start), "unpin host memory");
    }
  }
}
