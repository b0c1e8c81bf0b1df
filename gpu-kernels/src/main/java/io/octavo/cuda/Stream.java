package io.octavo.cuda;

import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureStatus;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;
import org.bytedeco.cuda.cudart.CUstream_st;

/**
 * The order in which a backend's work happens. Remembers the last kernels launched, since a fault
 * shows only at a later call.
 */
final class Stream implements AutoCloseable {

  private static final int REMEMBERED = 8;

  /** JCuda's stream with its number in sight. */
  private static final class Handle extends CUstream {
    long value() {
      return getNativePointer();
    }
  }

  private final Device device;
  private final Handle handle = new Handle();
  private final CUstream_st cppHandle;
  private final String[] launched = new String[REMEMBERED];
  private long launches;

  Stream(Device device) {
    this.device = device;
    device.makeCurrent();
    Status.check(
        JCudaDriver.cuStreamCreate(handle, CUstream_flags.CU_STREAM_NON_BLOCKING),
        "create a stream");
    this.cppHandle = new CUstream_st(new NativeAddress(handle.value()));
  }

  /** The stream for JCuda's functions. */
  CUstream handle() {
    return handle;
  }

  /** The stream for JavaCPP's functions. */
  CUstream_st cppHandle() {
    return cppHandle;
  }

  Device device() {
    return device;
  }

  void remember(String kernel) {
    launched[(int) (launches++ % REMEMBERED)] = kernel;
  }

  /** How much work has been remembered so far. */
  long launches() {
    return launches;
  }

  /** Whether calls are being recorded into a graph instead of run. */
  boolean isCapturing() {
    int[] status = new int[1];
    Status.check(JCudaDriver.cuStreamIsCapturing(handle, status), "ask whether a stream captures");
    return status[0] != CUstreamCaptureStatus.CU_STREAM_CAPTURE_STATUS_NONE;
  }

  /**
   * Waits until all work given so far is done.
   *
   * @throws IllegalStateException where some of it failed; names the kernels launched last
   */
  void synchronize() {
    device.makeCurrent();
    int code = JCudaDriver.cuStreamSynchronize(handle);
    if (code != CUresult.CUDA_SUCCESS) {
      throw new IllegalStateException(
          ("Cannot finish the work of device %s: %s (%s). Kernels launched last: %s. With"
                  + " CUDA_LAUNCH_BLOCKING=1 in the environment the launch that fails is named.")
              .formatted(device.name(), Status.describe(code), CUresult.stringFor(code), recent()));
    }
  }

  private String recent() {
    StringBuilder names = new StringBuilder();
    for (long i = Math.max(0, launches - REMEMBERED); i < launches; i++) {
      names.append(names.isEmpty() ? "" : ", ").append(launched[(int) (i % REMEMBERED)]);
    }
    return names.isEmpty() ? "none" : names.toString();
  }

  @Override
  public void close() {
    device.makeCurrent();
    Status.check(JCudaDriver.cuStreamDestroy(handle), "destroy a stream");
  }
}
