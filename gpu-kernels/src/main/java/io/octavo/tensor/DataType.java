package io.octavo.tensor;

/** How one element of a {@link Buffer} is stored. Numbers narrower than 16 bits are codes in U8. */
public enum DataType {
  /** IEEE binary32. */
  F32(4),
  /** The upper 16 bits of a binary32. */
  BF16(2),
  /** One code of an 8-bit or narrower format, one code a byte, right-aligned. */
  U8(1),
  /** Signed 32-bit integer: token ids, positions, labels. */
  I32(4);

  private final int bytes;

  DataType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes an element takes. */
  public int bytes() {
    return bytes;
  }
}
