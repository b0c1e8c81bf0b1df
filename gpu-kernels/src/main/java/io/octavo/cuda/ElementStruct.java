package io.octavo.cuda;

import io.octavo.format.ElementFormat;
import io.octavo.format.Minifloat;
import io.octavo.format.Rounding;
import io.octavo.format.SpecialCodes;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Element formats as the plain kernels of quantize.cu take them. */
final class ElementStruct {

  private static final int CODES = 256;

  private ElementStruct() {}

  /** {@code struct Format}: how numbers are encoded. */
  static byte[] format(ElementFormat element) {
    ByteBuffer struct = ByteBuffer.allocate(8 * Integer.BYTES).order(ByteOrder.nativeOrder());
    struct.putInt(element.bits());
    if (element instanceof Minifloat minifloat) {
      struct.putInt(minifloat.exponentBits());
      struct.putInt(minifloat.mantissaBits());
      struct.putInt(minifloat.bias());
      struct.putInt(minifloat.maxFiniteCode());
      struct.putInt(element.encode(Float.NaN, Rounding.NEAREST_EVEN, 0));
      struct.putInt(minifloat.specialCodes() == SpecialCodes.FNUZ ? 0 : 1);
    } else {
      // No exponent bits: two's complement. NaN is 0, and there is no minus zero.
      struct.putInt(0).putInt(0).putInt(0).putInt((int) element.maxFinite()).putInt(0).putInt(0);
    }
    return struct.putFloat(element.maxFinite()).array();
  }

  /** {@code struct CodeTable}: the number of each code. */
  static byte[] table(ElementFormat element) {
    ByteBuffer struct = ByteBuffer.allocate(CODES * Float.BYTES).order(ByteOrder.nativeOrder());
    for (int code = 0; code < CODES; code++) {
      struct.putFloat(element.decode(code & (1 << element.bits()) - 1));
    }
    return struct.array();
  }
}
