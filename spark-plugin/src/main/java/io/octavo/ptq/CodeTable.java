package io.octavo.ptq;

import io.octavo.format.ElementFormat;
import io.octavo.format.IntegerFormat;
import io.octavo.format.Rounding;

/**
 * Codes of numbers by table, with the bits of {@link ElementFormat#encode} to nearest even. A
 * number's sign, exponent and first three mantissa bits choose an entry; within it at most one
 * number is the first of the next code.
 */
public final class CodeTable {

  private static final int SHIFT = 20;
  private static final int ENTRIES = 1 << (Float.SIZE - SHIFT);

  private final ElementFormat element;
  private final byte[] codes = new byte[ENTRIES];
  private final int[] firstOfNext = new int[ENTRIES];
  private final byte[] nextCodes = new byte[ENTRIES];
  private final float[] values = new float[256];

  private CodeTable(ElementFormat element) {
    this.element = element;
    for (int code = 0; code < values.length; code++) {
      values[code] = element.decode(code & (1 << element.bits()) - 1);
    }
    for (int entry = 0; entry < ENTRIES; entry++) {
      fill(entry);
    }
  }

  /** The table of a format of at most three mantissa bits; integers are rounded without one. */
  public static CodeTable of(ElementFormat element) {
    return new CodeTable(element);
  }

  private void fill(int entry) {
    int low = entry << SHIFT;
    int high = low + (1 << SHIFT) - 1;
    codes[entry] = exact(low);
    nextCodes[entry] = exact(high);
    // Bits of floats of one sign are in the order of their magnitudes.
    int from = low;
    int to = high + 1;
    while (from < to) {
      int middle = from + (to - from) / 2;
      if (exact(middle) == codes[entry]) {
        from = middle + 1;
      } else {
        to = middle;
      }
    }
    firstOfNext[entry] = from - low;
  }

  private byte exact(int bits) {
    return (byte) element.encode(Float.intBitsToFloat(bits), Rounding.NEAREST_EVEN, 0);
  }

  /** The code of a number that is not NaN. */
  public byte encode(float value) {
    if (element instanceof IntegerFormat) {
      float most = element.maxFinite();
      int code = (int) Math.rint(Math.max(-most, Math.min(most, value)));
      return (byte) (code & (1 << element.bits()) - 1);
    }
    int bits = Float.floatToRawIntBits(value);
    int entry = bits >>> SHIFT;
    boolean next = (bits & (1 << SHIFT) - 1) >= firstOfNext[entry];
    return next ? nextCodes[entry] : codes[entry];
  }

  /** The number of a code. */
  public float decode(byte code) {
    return values[code & 0xFF];
  }
}
