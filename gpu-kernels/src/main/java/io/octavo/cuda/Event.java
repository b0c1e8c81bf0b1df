package io.octavo.cuda;

import jcuda.driver.CUevent;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/** A point in a stream that the host waits for, or measures time between. */
final class Event implements AutoCloseable {

  private final CUevent handle = new CUevent();

  Event(Device device) {
    device.makeCurrent();
    Status.check(JCudaDriver.cuEventCreate(handle, 0), "create an event");
  }

  /** Marks the end of all work given to the stream so far. */
  void record(Stream stream) {
    Status.check(JCudaDriver.cuEventRecord(handle, stream.handle()), "record an event");
  }

  /** Waits for the point; returns at once where it was never recorded. */
  void synchronize() {
    Status.check(JCudaDriver.cuEventSynchronize(handle), "wait for an event");
  }

  /** Whether the point is past. */
  boolean isDone() {
    return JCudaDriver.cuEventQuery(handle) == CUresult.CUDA_SUCCESS;
  }

  /** Milliseconds from an earlier event, both past. */
  float millisecondsSince(Event earlier) {
    float[] milliseconds = new float[1];
    Status.check(
        JCudaDriver.cuEventElapsedTime(milliseconds, earlier.handle, handle),
        "measure the time between events");
    return milliseconds[0];
  }

  @Override
  public void close() {
    Status.check(JCudaDriver.cuEventDestroy(handle), "destroy an event");
  }
}
