package io.octavo.cuda;

import io.octavo.format.ElementFormat;
import io.octavo.tensor.DataType;

/** GemmElement types of cuBLASLt, with its numbers for them. */
enum GemmElement {
  F32(0, 4),
  BF16(14, 2),
  E4M3(28, 1),
  E5M2(29, 1);

  private final int code;
  private final int bytes;

  GemmElement(int code, int bytes) {
    this.code = code;
    this.bytes = bytes;
  }

  int code() {
    return code;
  }

  int bytes() {
    return bytes;
  }

  boolean isFp8() {
    return this == E4M3 || this == E5M2;
  }

  static GemmElement of(DataType type) {
    return switch (type) {
      case F32 -> F32;
      case BF16 -> BF16;
      case U8, I32 ->
          throw new IllegalArgumentException(
              "Cannot multiply %s elements (expected F32, BF16 or a quantized tensor)"
                  .formatted(type));
    };
  }

  static GemmElement of(ElementFormat format) {
    if (format.equals(ElementFormat.E4M3)) {
      return E4M3;
    }
    if (format.equals(ElementFormat.E5M2)) {
      return E5M2;
    }
    throw new IllegalArgumentException(
        "Cannot multiply %s codes on cuda (expected E4M3 or E5M2)".formatted(format));
  }
}
