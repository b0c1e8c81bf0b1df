package io.octavo.cuda;

import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/** Return codes of the driver as exceptions. */
final class Status {

  private Status() {}

  /**
   * Returns where {@code code} is success.
   *
   * @param action what was tried, to follow "Cannot"
   * @throws IllegalStateException naming the action and the driver's error
   */
  static void check(int code, String action) {
    if (code != CUresult.CUDA_SUCCESS) {
      throw new IllegalStateException(
          "Cannot %s: %s (%s)".formatted(action, describe(code), CUresult.stringFor(code)));
    }
  }

  /** The driver's own words for a code. */
  static String describe(int code) {
    String[] text = {""};
    return JCudaDriver.cuGetErrorString(code, text) == CUresult.CUDA_SUCCESS
        ? text[0]
        : "unknown error " + code;
  }
}
