package io.octavo.ptq;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.format.ElementFormat;
import io.octavo.format.IntegerFormat;
import io.octavo.format.Rounding;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TestCodeTable {

  static Stream<ElementFormat> formats() {
    return Stream.of(
        ElementFormat.E4M3,
        ElementFormat.E5M2,
        ElementFormat.E2M1,
        new IntegerFormat(8),
        new IntegerFormat(4));
  }

  /** Every code and every middle between two, with the floats beside them; all BF16; any float. */
  @ParameterizedTest
  @MethodSource("formats")
  void givesTheCodesOfTheFormat(ElementFormat element) {
    CodeTable table = CodeTable.of(element);
    for (int code = 0; code < 1 << element.bits(); code++) {
      float value = element.decode(code);
      if (Float.isFinite(value)) {
        assertThat(table.decode((byte) code)).isEqualTo(value);
        for (int other = 0; other < 1 << element.bits(); other++) {
          float middle = (value + element.decode(other)) / 2;
          assertSame(table, element, middle);
          assertSame(table, element, Math.nextUp(middle));
          assertSame(table, element, Math.nextDown(middle));
        }
      }
    }
    for (int bits = 0; bits < 1 << 16; bits++) {
      assertSame(table, element, Float.intBitsToFloat(bits << 16));
    }
    Random random = new Random(21);
    for (int i = 0; i < 1_000_000; i++) {
      assertSame(table, element, Float.intBitsToFloat(random.nextInt()));
    }
  }

  private static void assertSame(CodeTable table, ElementFormat element, float value) {
    if (!Float.isNaN(value)) {
      byte expected = (byte) element.encode(value, Rounding.NEAREST_EVEN, 0);
      if (table.encode(value) != expected) {
        assertThat(table.encode(value)).as("%s in %s", value, element).isEqualTo(expected);
      }
    }
  }
}
