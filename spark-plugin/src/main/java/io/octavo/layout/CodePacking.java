package io.octavo.layout;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Codes of 4 bits, one a byte in memory, several to a word in files. */
final class CodePacking {

  private static final int CODES = Integer.SIZE / 4;
  private static final int OFFSET = 8;

  private CodePacking() {}

  /** Words of a row in the layout of {@link #packWords}. */
  static long words(long columns) {
    return (columns + CODES - 1) / CODES;
  }

  /**
   * Packs two's complement codes 8 to an int32, the first in the lowest bits, each 8 more than its
   * number; the rest of a row's last word is 0.
   */
  static ByteBuffer packWords(ByteBuffer codes, int rows, int columns) {
    int words = (int) words(columns);
    ByteBuffer packed = littleEndian(Math.multiplyExact(rows, 4 * words));
    for (int row = 0; row < rows; row++) {
      for (int word = 0; word < words; word++) {
        int value = 0;
        for (int i = 0; i < CODES && word * CODES + i < columns; i++) {
          int code = codes.get(row * columns + word * CODES + i);
          value |= (code + OFFSET & 0xF) << 4 * i;
        }
        packed.putInt(value);
      }
    }
    return packed.flip();
  }

  /** The opposite of {@link #packWords}. */
  static ByteBuffer unpackWords(ByteBuffer packed, int rows, int columns) {
    int words = (int) words(columns);
    ByteBuffer codes = littleEndian(Math.multiplyExact(rows, columns));
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        int word = packed.getInt(4 * (row * words + column / CODES));
        int number = (word >>> 4 * (column % CODES) & 0xF) - OFFSET;
        codes.put((byte) (number & 0xF));
      }
    }
    return codes.flip();
  }

  /** Packs codes 2 to a byte, the first in the low half; a row starts with a byte of its own. */
  static ByteBuffer packNibbles(ByteBuffer codes, int rows, int columns) {
    int bytes = (columns + 1) / 2;
    ByteBuffer packed = littleEndian(Math.multiplyExact(rows, bytes));
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column += 2) {
        int at = row * columns + column;
        int high = column + 1 < columns ? codes.get(at + 1) & 0xF : 0;
        packed.put((byte) (codes.get(at) & 0xF | high << 4));
      }
    }
    return packed.flip();
  }

  /** The opposite of {@link #packNibbles}. */
  static ByteBuffer unpackNibbles(ByteBuffer packed, int rows, int columns) {
    int bytes = (columns + 1) / 2;
    ByteBuffer codes = littleEndian(Math.multiplyExact(rows, columns));
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        int pair = packed.get(row * bytes + column / 2);
        codes.put((byte) (pair >> 4 * (column % 2) & 0xF));
      }
    }
    return codes.flip();
  }

  static ByteBuffer littleEndian(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
