package io.octavo.cuda;

import jcuda.driver.CUdeviceptr;

/** JCuda's device pointer with its number in sight, which JCuda hides. */
final class DeviceAddress extends CUdeviceptr {

  /** To be filled by an allocation. */
  DeviceAddress() {}

  /** A pointer to a known address. */
  DeviceAddress(long address) {
    super(new CUdeviceptr(), address);
  }

  /** The address as the device sees it. */
  long value() {
    return getNativePointer() + getByteOffset();
  }
}
