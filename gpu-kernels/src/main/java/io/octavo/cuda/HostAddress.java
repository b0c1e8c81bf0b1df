package io.octavo.cuda;

import jcuda.Pointer;

/** JCuda's pointer to host memory outside the heap, with its number in sight. */
final class HostAddress extends Pointer {

  /** To be filled by an allocation. */
  HostAddress() {}

  /** A pointer to a known address. */
  HostAddress(long address) {
    super(address);
  }

  /** The address in this process. */
  long value() {
    return getNativePointer() + getByteOffset();
  }
}
