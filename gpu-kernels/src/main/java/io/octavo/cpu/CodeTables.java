package io.octavo.cpu;

import io.octavo.format.ElementFormat;
import io.octavo.format.IntegerFormat;

/** The number of every code of a format. */
final class CodeTables {

  static final float[] E4M3 = of(ElementFormat.E4M3);
  static final float[] E2M1 = of(ElementFormat.E2M1);
  static final float[] INT4 = of(new IntegerFormat(4));

  private CodeTables() {}

  private static float[] of(ElementFormat format) {
    float[] values = new float[1 << format.bits()];
    for (int code = 0; code < values.length; code++) {
      values[code] = format.decode(code);
    }
    return values;
  }
}
