package io.octavo.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every minifloat of 3 to 8 bits on every BF16 number, against a search among its values. */
class TestMinifloat {

  static Stream<Minifloat> formats() {
    List<Minifloat> formats = new ArrayList<>();
    for (int bits = 3; bits <= 8; bits++) {
      for (int exponent = 1; exponent <= bits - 1; exponent++) {
        for (SpecialCodes codes : SpecialCodes.values()) {
          int mantissa = bits - 1 - exponent;
          boolean degenerate =
              codes == SpecialCodes.FINITE_NAN && mantissa == 0
                  || codes == SpecialCodes.IEEE && exponent == 1;
          if (!degenerate) {
            formats.add(new Minifloat(exponent, mantissa, codes));
          }
        }
      }
    }
    return formats.stream();
  }

  /** Magnitudes by value; codes of equal value do not exist but for the two zeros. */
  private static TreeMap<Double, Integer> magnitudes(Minifloat format) {
    TreeMap<Double, Integer> codes = new TreeMap<>();
    for (int code = 0; code <= format.maxFiniteCode(); code++) {
      codes.put((double) format.decode(code), code);
    }
    return codes;
  }

  private static int nearest(
      TreeMap<Double, Integer> codes, Minifloat format, double x, Rounding rounding) {
    Map.Entry<Double, Integer> below = codes.floorEntry(x);
    Map.Entry<Double, Integer> above = codes.ceilingEntry(x);
    if (above == null) {
      return codes.lastEntry().getValue();
    }
    double down = x - below.getKey();
    double up = above.getKey() - x;
    if (down != up || down == 0) {
      boolean lower = rounding == Rounding.TOWARD_ZERO ? up > 0 : down < up || down == 0;
      return lower ? below.getValue() : above.getValue();
    }
    if (rounding == Rounding.TOWARD_ZERO) {
      return below.getValue();
    }
    // Without mantissa bits a tie between powers of two goes up, one with zero goes to zero.
    boolean even = format.mantissaBits() == 0 ? below.getKey() == 0 : below.getValue() % 2 == 0;
    return rounding == Rounding.NEAREST_EVEN && even ? below.getValue() : above.getValue();
  }

  @ParameterizedTest
  @MethodSource("formats")
  void castsEveryBf16NumberToItsNeighbour(Minifloat format) {
    TreeMap<Double, Integer> codes = magnitudes(format);
    int sign = 1 << format.bits() - 1;
    for (Rounding rounding :
        List.of(Rounding.NEAREST_EVEN, Rounding.NEAREST_AWAY, Rounding.TOWARD_ZERO)) {
      for (int bits = 0; bits < 0x7F80; bits++) {
        float x = Bfloat16.decode((short) bits);
        int expected = nearest(codes, format, x, rounding);
        if (format.encode(x, rounding, 0) != expected) {
          assertThat(format.encode(x, rounding, 0)).as("%s %s", x, rounding).isEqualTo(expected);
        }
        boolean nanZero = format.specialCodes() == SpecialCodes.FNUZ && expected == 0;
        int negative = nanZero ? 0 : expected | sign;
        if (format.encode(-x, rounding, 0) != negative) {
          assertThat(format.encode(-x, rounding, 0)).as("%s %s", -x, rounding).isEqualTo(negative);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("formats")
  void saturatesAndKeepsNanWhereItCan(Minifloat format) {
    for (Rounding rounding : Rounding.values()) {
      assertThat(format.decode(format.encode(Float.POSITIVE_INFINITY, rounding, -1)))
          .isEqualTo(format.maxFinite());
      assertThat(format.decode(format.encode(-Float.MAX_VALUE, rounding, -1)))
          .isEqualTo(-format.maxFinite());
      float nan = format.decode(format.encode(Float.NaN, rounding, 0));
      assertThat(Float.isNaN(nan)).isEqualTo(format.hasNan());
    }
  }

  @Test
  void drawsTheUpperNeighbourInProportion() {
    float x = 1 + 0.3f / 8;
    assertThat(ElementFormat.E4M3.encode(x, Rounding.STOCHASTIC, 0)).isEqualTo(0x39);
    assertThat(ElementFormat.E4M3.encode(x, Rounding.STOCHASTIC, (int) (0.299 * 0x1p32)))
        .isEqualTo(0x39);
    assertThat(ElementFormat.E4M3.encode(x, Rounding.STOCHASTIC, (int) (long) (0.301 * 0x1p32)))
        .isEqualTo(0x38);
    assertThat(ElementFormat.E4M3.encode(1f, Rounding.STOCHASTIC, 0)).isEqualTo(0x38);
  }

  @Test
  void refusesFormatsThatCannotBe() {
    assertThatThrownBy(() -> new Minifloat(5, 3, SpecialCodes.NONE))
        .hasMessageContaining("expected 3 to 8 bits");
    assertThatThrownBy(() -> new Minifloat(4, 0, SpecialCodes.FINITE_NAN))
        .hasMessageContaining("a mantissa for FINITE_NAN");
    assertThatThrownBy(() -> new Minifloat(1, 3, SpecialCodes.IEEE))
        .hasMessageContaining("2 exponent bits for IEEE");
  }
}
