package io.octavo.spark.sql;

import io.octavo.format.ElementFormat;
import io.octavo.format.IntegerFormat;
import io.octavo.format.ScaleFormat;
import io.octavo.ptq.CodeTable;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** Formats of quantized vectors: the names that users type, and casts of one vector. */
enum VectorFormat {
  E4M3(ElementFormat.E4M3),
  E5M2(ElementFormat.E5M2),
  E2M1(ElementFormat.E2M1),
  INT8(new IntegerFormat(8)),
  INT4(new IntegerFormat(4));

  private final ElementFormat element;
  private final CodeTable table;

  VectorFormat(ElementFormat element) {
    this.element = element;
    table = CodeTable.of(element);
  }

  /**
   * The format of a name.
   *
   * @throws IllegalArgumentException naming the known ones
   */
  static VectorFormat of(String name) {
    return Arrays.stream(values())
        .filter(format -> format.sqlName().equalsIgnoreCase(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "Invalid format: %s (expected %s)".formatted(name, names())));
  }

  static String names() {
    return Arrays.stream(values()).map(VectorFormat::sqlName).collect(Collectors.joining(", "));
  }

  String sqlName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Bytes of the codes of {@code length} elements; codes of 4 bits lie two to a byte. */
  int bytes(int length) {
    return element.bits() == 4 ? (length + 1) / 2 : length;
  }

  /** Scale and codes of elements {@code [from, to)}, which is {@code amax / maxFinite}. */
  float cast(float[] values, int from, int to, byte[] codes) {
    float amax = 0;
    for (int i = from; i < to; i++) {
      float magnitude = Math.abs(values[i]);
      if (magnitude > amax && magnitude < Float.POSITIVE_INFINITY) {
        amax = magnitude;
      }
    }
    float scale = ScaleFormat.FP32.scaleFor(amax, element);
    for (int i = from; i < to; i++) {
      put(codes, i, code(values[i] / scale));
    }
    return scale;
  }

  private int code(float value) {
    return Float.isNaN(value)
        ? element.encode(value, io.octavo.format.Rounding.NEAREST_EVEN, 0)
        : table.encode(value) & 0xFF;
  }

  /** The lower half of a byte comes first. */
  private void put(byte[] codes, int place, int code) {
    if (element.bits() == 4) {
      codes[place / 2] |= (byte) (place % 2 == 0 ? code & 0xF : code << 4);
    } else {
      codes[place] = (byte) code;
    }
  }

  /** What the code at a place means, without its scale. */
  float value(byte[] codes, int place) {
    if (element.bits() != 4) {
      return table.decode(codes[place]);
    }
    int both = codes[place / 2];
    return table.decode((byte) (place % 2 == 0 ? both & 0xF : both >> 4 & 0xF));
  }
}
