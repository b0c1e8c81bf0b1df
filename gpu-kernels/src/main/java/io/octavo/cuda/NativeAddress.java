package io.octavo.cuda;

import org.bytedeco.javacpp.Pointer;

/** An address of the device or the driver as JavaCPP's functions take it; owns nothing. */
final class NativeAddress extends Pointer {

  NativeAddress(long value) {
    address = value;
  }
}
