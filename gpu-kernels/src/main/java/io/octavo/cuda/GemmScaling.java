package io.octavo.cuda;

import io.octavo.quant.Granularity;

/** Granularities that cuBLASLt applies, with its numbers for them. */
enum GemmScaling {
  NONE(0),
  /** One scale. */
  TENSOR(0),
  /** One scale a row. */
  ROW(3),
  /** One scale for 1 x 128, stored {@code [K/128][rows]}: rows contiguous. */
  GROUP_128(4),
  /** One scale for 128 x 128, stored {@code [rows/128][K/128 up to a multiple of 4]}. */
  BLOCK_128(5);

  private final int mode;

  GemmScaling(int mode) {
    this.mode = mode;
  }

  int mode() {
    return mode;
  }

  /** Whether tensor cores hand partial sums to FP32 registers every 128 anyway. */
  boolean isBlockwise() {
    return this == GROUP_128 || this == BLOCK_128;
  }

  static GemmScaling of(Granularity granularity) {
    if (granularity instanceof Granularity.PerTensor) {
      return TENSOR;
    }
    if (granularity instanceof Granularity.PerRow) {
      return ROW;
    }
    if (granularity.equals(new Granularity.Group(128))) {
      return GROUP_128;
    }
    if (granularity.equals(new Granularity.Block(128, 128))) {
      return BLOCK_128;
    }
    throw new IllegalArgumentException(
        "Cannot multiply codes with scales %s on cuda (expected PerTensor, PerRow, Group[128],"
                .formatted(granularity)
            + " Block[128, 128])");
  }
}
