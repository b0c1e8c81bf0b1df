package io.octavo.format;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.golden.GoldenCasts;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every code and every cast of ml_dtypes. */
class TestGoldenFormats {

  private static final Map<String, Minifloat> FORMATS =
      Map.of(
          "float4_e2m1fn", new Minifloat(2, 1, SpecialCodes.NONE),
          "float6_e2m3fn", new Minifloat(2, 3, SpecialCodes.NONE),
          "float6_e3m2fn", new Minifloat(3, 2, SpecialCodes.NONE),
          "float8_e3m4", new Minifloat(3, 4, SpecialCodes.IEEE),
          "float8_e4m3", new Minifloat(4, 3, SpecialCodes.IEEE),
          "float8_e4m3b11fnuz", new Minifloat(4, 3, SpecialCodes.FNUZ, 11),
          "float8_e4m3fn", ElementFormat.E4M3,
          "float8_e4m3fnuz", new Minifloat(4, 3, SpecialCodes.FNUZ),
          "float8_e5m2", ElementFormat.E5M2,
          "float8_e5m2fnuz", new Minifloat(5, 2, SpecialCodes.FNUZ));

  static Stream<String> names() {
    return FORMATS.keySet().stream();
  }

  @Test
  void coversEveryFormatOfTheFile() {
    assertThat(new GoldenCasts().formats())
        .filteredOn(name -> !name.equals("float8_e8m0fnu"))
        .containsExactlyInAnyOrderElementsOf(FORMATS.keySet());
  }

  @ParameterizedTest
  @MethodSource("names")
  void decodesEveryCode(String name) {
    double[] values = new GoldenCasts().values(name);
    for (int code = 0; code < values.length; code++) {
      assertThat(Double.valueOf(FORMATS.get(name).decode(code)))
          .as("code %d", code)
          .isEqualTo(Double.valueOf(values[code]));
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void encodesEveryValueToItsCode(String name) {
    double[] values = new GoldenCasts().values(name);
    for (int code = 0; code < values.length; code++) {
      if (Double.isFinite(values[code])) {
        assertThat(FORMATS.get(name).encode((float) values[code], Rounding.NEAREST_EVEN, 0))
            .as("%s", values[code])
            .isEqualTo(code);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void castsEveryInput(String name) {
    GoldenCasts golden = new GoldenCasts();
    float[] inputs = golden.inputs(name);
    byte[] codes = golden.codes(name);
    assertThat(inputs.length).isGreaterThan(12_000);
    for (int i = 0; i < inputs.length; i++) {
      assertThat(FORMATS.get(name).encode(inputs[i], Rounding.NEAREST_EVEN, 0))
          .as("%s", inputs[i])
          .isEqualTo(codes[i] & 0xFF);
    }
  }

  @Test
  void castsToE8m0() {
    GoldenCasts golden = new GoldenCasts();
    float[] inputs = golden.inputs("float8_e8m0fnu");
    byte[] codes = golden.codes("float8_e8m0fnu");
    double[] values = golden.values("float8_e8m0fnu");
    for (int code = 0; code < 256; code++) {
      assertThat(Double.valueOf(E8M0.decode(code))).isEqualTo(Double.valueOf(values[code]));
    }
    for (int i = 0; i < inputs.length; i++) {
      assertThat(E8M0.encode(inputs[i], Rounding.NEAREST_EVEN, 0))
          .as("%s", inputs[i])
          .isEqualTo(codes[i] & 0xFF);
    }
  }

  @Test
  void castsToBf16() {
    GoldenCasts golden = new GoldenCasts();
    short[] codes = golden.bf16();
    int checked = 0;
    for (String name : FORMATS.keySet()) {
      checked += checkBf16(golden.inputs(name), codes);
    }
    assertThat(checked).isGreaterThanOrEqualTo(codes.length);
  }

  /** The file does not say which inputs the codes are of: those whose every code agrees. */
  private static int checkBf16(float[] inputs, short[] codes) {
    for (int i = 0; i < codes.length; i++) {
      if (Bfloat16.encode(inputs[i]) != codes[i]) {
        return 0;
      }
    }
    return codes.length;
  }
}
