package io.octavo.gguf;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** A value of the head, with the number of its type. */
public sealed interface GgufValue {

  /** Number of the type in the file. */
  int type();

  /** Appends the value without its type. */
  void write(ByteArrayOutputStream out);

  /** Unsigned 32 bits. */
  record U32(int value) implements GgufValue {
    @Override
    public int type() {
      return 4;
    }

    @Override
    public void write(ByteArrayOutputStream out) {
      word(out, value);
    }
  }

  /** Signed 32 bits. */
  record I32(int value) implements GgufValue {
    @Override
    public int type() {
      return 5;
    }

    @Override
    public void write(ByteArrayOutputStream out) {
      word(out, value);
    }
  }

  /** FP32. */
  record F32(float value) implements GgufValue {
    @Override
    public int type() {
      return 6;
    }

    @Override
    public void write(ByteArrayOutputStream out) {
      word(out, Float.floatToRawIntBits(value));
    }
  }

  /** One byte. */
  record Bool(boolean value) implements GgufValue {
    @Override
    public int type() {
      return 7;
    }

    @Override
    public void write(ByteArrayOutputStream out) {
      out.write(value ? 1 : 0);
    }
  }

  /** UTF-8. */
  record Text(String value) implements GgufValue {
    @Override
    public int type() {
      return 8;
    }

    @Override
    public void write(ByteArrayOutputStream out) {
      byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
      wide(out, bytes.length);
      out.writeBytes(bytes);
    }
  }

  /** Values of one type. */
  record Array(List<? extends GgufValue> values) implements GgufValue {
    public Array {
      values = List.copyOf(values);
      if (values.isEmpty()) {
        throw new IllegalArgumentException(
            "Cannot write an empty array: its type would not be known; leave the key out");
      }
    }

    @Override
    public int type() {
      return 9;
    }

    @Override
    public void write(ByteArrayOutputStream out) {
      word(out, values.get(0).type());
      wide(out, values.size());
      values.forEach(value -> value.write(out));
    }
  }

  private static void word(ByteArrayOutputStream out, int value) {
    out.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
  }

  private static void wide(ByteArrayOutputStream out, long value) {
    out.writeBytes(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
  }
}
