package io.octavo.safetensors;

import io.octavo.format.Bfloat16;
import io.octavo.format.E8M0;
import io.octavo.format.ElementFormat;
import io.octavo.format.Rounding;
import java.nio.ByteBuffer;
import java.util.Optional;

/** Types of safetensors, by their names in the header. */
public enum TensorType {
  BOOL(1),
  U8(1),
  I8(1),
  F8_E4M3(1),
  F8_E5M2(1),
  F8_E8M0(1),
  U16(2),
  I16(2),
  F16(2),
  BF16(2),
  U32(4),
  I32(4),
  F32(4),
  U64(8),
  I64(8),
  F64(8);

  private final int bytes;

  TensorType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes an element takes. */
  public int bytes() {
    return bytes;
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
    return switch (this) {
      case BOOL, U8 -> source.get(index) & 0xFF;
      case I8 -> source.get(index);
      case F8_E4M3 -> ElementFormat.E4M3.decode(source.get(index) & 0xFF);
      case F8_E5M2 -> ElementFormat.E5M2.decode(source.get(index) & 0xFF);
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
    };
  }

  private static double unsigned(long value) {
    return value >= 0 ? value : (double) (value >>> 1) * 2;
  }

  /** Appends a number, rounded to nearest even; integers are truncated. */
  void write(ByteBuffer target, float value) {
    switch (this) {
      case BOOL, U8, I8 -> target.put((byte) value);
      case F8_E4M3 -> target.put((byte) ElementFormat.E4M3.encode(value, Rounding.NEAREST_EVEN, 0));
      case F8_E5M2 -> target.put((byte) ElementFormat.E5M2.encode(value, Rounding.NEAREST_EVEN, 0));
      case F8_E8M0 -> target.put((byte) E8M0.encode(value, Rounding.NEAREST_EVEN, 0));
      case U16, I16 -> target.putShort((short) value);
      case F16 -> target.putShort(Half.encode(value));
      case BF16 -> target.putShort(Bfloat16.encode(value));
      case U32, I32 -> target.putInt((int) value);
      case F32 -> target.putFloat(value);
      case U64, I64 -> target.putLong((long) value);
      case F64 -> target.putDouble(value);
    }
  }
}
