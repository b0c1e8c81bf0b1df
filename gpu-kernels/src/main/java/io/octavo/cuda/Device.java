package io.octavo.cuda;

import java.nio.charset.StandardCharsets;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.JCudaDriver;

/**
 * One GPU and its primary context, which all libraries of the process share. Making it current for
 * the calling thread costs some ten nanoseconds, so every entry point does it.
 */
final class Device implements AutoCloseable {

  private final int ordinal;
  private final CUdevice handle = new CUdevice();
  private final CUcontext context = new CUcontext();
  private final String name;
  private final int multiprocessors;
  private final int capability;
  private final int sharedBytesPerBlock;

  private Device(int ordinal) {
    this.ordinal = ordinal;
    Status.check(JCudaDriver.cuDeviceGet(handle, ordinal), "find device " + ordinal);
    Status.check(JCudaDriver.cuDevicePrimaryCtxRetain(context, handle), "open device " + ordinal);
    makeCurrent();
    name = nameOf(handle);
    multiprocessors =
        attribute(handle, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
    capability = capabilityOf(handle);
    sharedBytesPerBlock =
        attribute(handle, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
  }

  /** Opens a device by its number among those that this process may see. */
  static Device open(int ordinal) {
    Status.check(JCudaDriver.cuInit(0), "start the driver");
    return new Device(ordinal);
  }

  static String nameOf(CUdevice device) {
    byte[] text = new byte[128];
    Status.check(JCudaDriver.cuDeviceGetName(text, text.length, device), "read a device's name");
    return new String(text, StandardCharsets.US_ASCII).trim();
  }

  /** Compute capability as one number: 90 for 9.0. */
  static int capabilityOf(CUdevice device) {
    return 10 * attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
        + attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
  }

  private static int attribute(CUdevice device, int which) {
    int[] value = new int[1];
    Status.check(
        JCudaDriver.cuDeviceGetAttribute(value, which, device), "read device attribute " + which);
    return value[0];
  }

  /** Makes this device the one that the calling thread's driver calls go to. */
  void makeCurrent() {
    Status.check(JCudaDriver.cuCtxSetCurrent(context), "use device " + ordinal);
  }

  int ordinal() {
    return ordinal;
  }

  String name() {
    return name;
  }

  /** Streaming multiprocessors: blocks of a persistent grid are a multiple of it. */
  int multiprocessors() {
    return multiprocessors;
  }

  /** Compute capability as one number: 90 for 9.0. */
  int capability() {
    return capability;
  }

  /** Most shared memory that a block may ask for. */
  int sharedBytesPerBlock() {
    return sharedBytesPerBlock;
  }

  /** Memory of the device, all and what is still free. */
  record Memory(long free, long total) {}

  Memory memory() {
    makeCurrent();
    long[] free = new long[1];
    long[] total = new long[1];
    Status.check(JCudaDriver.cuMemGetInfo(free, total), "read the free memory of " + name);
    return new Memory(free[0], total[0]);
  }

  @Override
  public void close() {
    Status.check(JCudaDriver.cuDevicePrimaryCtxRelease(handle), "close device " + ordinal);
  }
}
