package io.octavo.cuda;

import io.octavo.tensor.Tensor;

/** Numbers that a thread reads or writes at once: a suffix of kernels' names. */
enum AccessWidth {
  /** Eight, in accesses of 16 bytes. */
  WIDE(8, "x8"),
  /** One: rows that do not start at multiples of 16 bytes. */
  SINGLE(1, "x1");

  private static final int ALIGNMENT = 16;

  private final int numbers;
  private final String suffix;

  AccessWidth(int numbers, String suffix) {
    this.numbers = numbers;
    this.suffix = suffix;
  }

  int numbers() {
    return numbers;
  }

  String suffix() {
    return suffix;
  }

  /** The widest that rows of {@code columns} numbers allow. */
  static AccessWidth of(long columns, Tensor... tensors) {
    return columns % WIDE.numbers == 0 ? ofLine(tensors) : SINGLE;
  }

  /** The widest that the tensors' starts allow. */
  static AccessWidth ofLine(Tensor... tensors) {
    for (Tensor tensor : tensors) {
      if (DeviceBuffer.address(tensor) % ALIGNMENT != 0) {
        return SINGLE;
      }
    }
    return WIDE;
  }
}
