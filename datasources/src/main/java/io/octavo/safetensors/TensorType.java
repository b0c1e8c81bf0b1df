package io.octavo.safetensors;

import io.octavo.format.Bfloat16;
import io.octavo.format.E8M0;
import io.octavo.format.ElementFormat;
import io.octavo.format.Half;
import io.octavo.format.Minifloat;
import io.octavo.format.Rounding;
import io.octavo.format.SpecialCodes;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Types of safetensors, by their names in the header. Elements of less than 8 bits are packed from
 * the least significant bit up.
 */
public enum TensorType {
  BOOL(8),
  F4(ElementFormat.E2M1),
  F6_E2M3(new Minifloat(2, 3, SpecialCodes.NONE)),
  F6_E3M2(new Minifloat(3, 2, SpecialCodes.NONE)),
  U8(8),
  I8(8),
  F8_E4M3(ElementFormat.E4M3),
  F8_E5M2(ElementFormat.E5M2),
  F8_E4M3FNUZ(new Minifloat(4, 3, SpecialCodes.FNUZ)),
  F8_E5M2FNUZ(new Minifloat(5, 2, SpecialCodes.FNUZ)),
  F8_E8M0(8),
  U16(16),
  I16(16),
  F16(16),
  BF16(16),
  U32(32),
  I32(32),
  F32(32),
  U64(64),
  I64(64),
  F64(64),
  /** Complex: two binary32. Its bytes are read and written, it has no numbers. */
  C64(64);

  /** Elements that start at a whole byte, whatever the type: four of 6 bits are 3 bytes. */
  static final int PACK = 4;

  private final int bits;
  private final Optional<ElementFormat> format;

  TensorType(int bits) {
    this.bits = bits;
    this.format = Optional.empty();
  }

  TensorType(ElementFormat format) {
    this.bits = format.bits();
    this.format = Optional.of(format);
  }

  /** Bits an element takes. */
  public int bits() {
    return bits;
  }

  /**
   * Bytes that elements take.
   *
   * @throws ArithmeticException where they overflow
   * @throws IllegalArgumentException where they do not fill whole bytes
   */
  public long bytes(long elements) {
    long all = Math.multiplyExact(elements, bits);
    if (all % 8 != 0) {
      throw new IllegalArgumentException(
          "Invalid %s tensor: %d elements of %d bits do not fill whole bytes"
              .formatted(this, elements, bits));
    }
    return all / 8;
  }

  /** Whether an element is one real number. */
  public boolean isReal() {
    return this != C64;
  }

  /** The type of a name. */
  public static Optional<TensorType> of(String name) {
    for (TensorType type : values()) {
      if (type.name().equals(name)) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }

  /** Element {@code index} of little-endian bytes as a number. */
  double read(ByteBuffer source, int index) {
    if (format.isPresent()) {
      return format.get().decode(code(source, index));
    }
    return switch (this) {
      case BOOL, U8 -> source.get(index) & 0xFF;
      case I8 -> source.get(index);
      case F8_E8M0 -> E8M0.decode(source.get(index) & 0xFF);
      case U16 -> source.getShort(2 * index) & 0xFFFF;
      case I16 -> source.getShort(2 * index);
      case F16 -> Half.decode(source.getShort(2 * index));
      case BF16 -> Bfloat16.decode(source.getShort(2 * index));
      case U32 -> Integer.toUnsignedLong(source.getInt(4 * index));
      case I32 -> source.getInt(4 * index);
      case F32 -> source.getFloat(4 * index);
      case U64 -> unsigned(source.getLong(8 * index));
      case I64 -> source.getLong(8 * index);
      case F64 -> source.getDouble(8 * index);
      default -> throw new IllegalArgumentException("Cannot read " + this + " as a number");
    };
  }

  private int code(ByteBuffer source, int index) {
    int at = index * bits / 8;
    int shift = index * bits % 8;
    int word = source.get(at) & 0xFF;
    if (shift + bits > 8) {
      word |= (source.get(at + 1) & 0xFF) << 8;
    }
    return word >> shift & (1 << bits) - 1;
  }

  private static double unsigned(long value) {
    return value >= 0 ? value : (double) (value >>> 1) * 2;
  }

  /**
   * Sets element {@code index} of little-endian bytes, which hold zeros there, to a number rounded
   * to nearest even; integers are truncated.
   */
  void write(ByteBuffer target, int index, float value) {
    if (format.isPresent()) {
      writeCode(target, index, format.get().encode(value, Rounding.NEAREST_EVEN, 0));
      return;
    }
    switch (this) {
      case BOOL, U8, I8 -> target.put(index, (byte) value);
      case F8_E8M0 -> target.put(index, (byte) E8M0.encode(value, Rounding.NEAREST_EVEN, 0));
      case U16, I16 -> target.putShort(2 * index, (short) value);
      case F16 -> target.putShort(2 * index, Half.encode(value));
      case BF16 -> target.putShort(2 * index, Bfloat16.encode(value));
      case U32, I32 -> target.putInt(4 * index, (int) value);
      case F32 -> target.putFloat(4 * index, value);
      case U64, I64 -> target.putLong(8 * index, (long) value);
      case F64 -> target.putDouble(8 * index, value);
      default -> throw new IllegalArgumentException("Cannot write a number as " + this);
    }
  }

  private void writeCode(ByteBuffer target, int index, int code) {
    int at = index * bits / 8;
    int shift = index * bits % 8;
    target.put(at, (byte) (target.get(at) | code << shift));
    if (shift + bits > 8) {
      target.put(at + 1, (byte) (target.get(at + 1) | code << shift >> 8));
    }
  }
}
