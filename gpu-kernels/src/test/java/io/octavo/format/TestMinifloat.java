package io.octavo.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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

  /**
   * The specification's table of every format (format zoo 1.3): largest numbers without special
   * codes, with one NaN, as IEEE 754, with the bias of FNUZ; smallest normal and subnormal.
   */
  @ParameterizedTest
  @CsvSource({
    "1,1,3,2,,1.5,2,1,7",
    "2,0,4,,2,2,1,,7",
    "1,2,3.5,3,,1.75,2,0.5,15",
    "2,1,6,4,3,3,1,0.5,15",
    "3,0,16,,8,8,0.25,,15",
    "1,3,3.75,3.5,,1.875,2,0.25,31",
    "2,2,7,6,3.5,3.5,1,0.25,31",
    "3,1,24,16,12,12,0.25,0.125,31",
    "4,0,256,,128,128,0x1p-6,,31",
    "1,4,3.875,3.75,,1.9375,2,0.125,63",
    "2,3,7.5,7,3.75,3.75,1,0.125,63",
    "3,2,28,24,14,14,0.25,0.0625,63",
    "4,1,384,256,192,192,0x1p-6,0x1p-7,63",
    "5,0,65536,,32768,32768,0x1p-14,,63",
    "1,5,3.9375,3.875,,1.96875,2,0.0625,127",
    "2,4,7.75,7.5,3.875,3.875,1,0.0625,127",
    "3,3,30,28,15,15,0.25,0x1p-5,127",
    "4,2,448,384,224,224,0x1p-6,0x1p-8,127",
    "5,1,98304,65536,49152,49152,0x1p-14,0x1p-15,127",
    "6,0,0x1p32,,0x1p31,0x1p31,0x1p-30,,127",
    "1,6,3.96875,3.9375,,1.984375,2,0x1p-5,255",
    "2,5,7.875,7.75,3.9375,3.9375,1,0x1p-5,255",
    "3,4,31,30,15.5,15.5,0.25,0x1p-6,255",
    "4,3,480,448,240,240,0x1p-6,0x1p-9,255",
    "5,2,114688,98304,57344,57344,0x1p-14,0x1p-16,255",
    "6,1,0x1.8p32,0x1p32,0x1.8p31,0x1.8p31,0x1p-30,0x1p-31,255",
    "7,0,0x1p64,,0x1p63,0x1p63,0x1p-62,,255"
  })
  void reachesAsFarAsTheTableSays(
      int exponent,
      int mantissa,
      String all,
      @Nullable String finiteNan,
      @Nullable String ieee,
      String fnuz,
      String smallestNormal,
      @Nullable String smallestSubnormal,
      int values) {
    Minifloat format = new Minifloat(exponent, mantissa, SpecialCodes.NONE);
    assertLargest(format, all);
    if (finiteNan != null) {
      assertLargest(new Minifloat(exponent, mantissa, SpecialCodes.FINITE_NAN), finiteNan);
    }
    if (ieee != null) {
      assertLargest(new Minifloat(exponent, mantissa, SpecialCodes.IEEE), ieee);
    }
    assertLargest(new Minifloat(exponent, mantissa, SpecialCodes.FNUZ), fnuz);
    assertThat(format.decode(1 << mantissa)).isEqualTo(Float.parseFloat(smallestNormal));
    if (smallestSubnormal != null) {
      assertThat(format.decode(1)).isEqualTo(Float.parseFloat(smallestSubnormal));
    }
    Set<Double> distinct = new HashSet<>();
    for (int code = 0; code < 1 << format.bits(); code++) {
      distinct.add(format.decode(code) + 0.0);
    }
    assertThat(distinct).hasSize(values);
  }

  private static void assertLargest(Minifloat format, String expected) {
    assertThat(format.maxFinite())
        .as("%s %s", format, format.specialCodes())
        .isEqualTo(Float.parseFloat(expected));
  }

  /** The mean of many draws is the number itself, in every binade of every format. */
  @ParameterizedTest
  @MethodSource("formats")
  void roundsStochasticallyWithoutBias(Minifloat format) {
    int draws = 4096;
    for (int code = 0; code < format.maxFiniteCode(); code += Math.max(1, 1 << format.bits() - 5)) {
      double low = format.decode(code);
      double high = format.decode(code + 1);
      float x = (float) (low + 0.3 * (high - low));
      double sum = 0;
      for (int i = 0; i < draws; i++) {
        float drawn = format.decode(format.encode(x, Rounding.STOCHASTIC, Philox.bits(5, code, i)));
        if (drawn != low && drawn != high) {
          assertThat((double) drawn).as("a neighbour of %s", x).isIn(low, high);
        }
        sum += drawn;
      }
      // Five deviations of the mean of draws that are high in three of ten.
      double bound = 5 * Math.sqrt(0.21 / draws) * (high - low);
      assertThat(sum / draws).as("%s of %s", x, format).isCloseTo(x, within(bound));
    }
  }
}
