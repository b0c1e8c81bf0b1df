package io.octavo.ptq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.octavo.format.CorruptDataException;
import io.octavo.format.ElementFormat;
import io.octavo.format.IntegerFormat;
import io.octavo.format.Minifloat;
import io.octavo.format.Rounding;
import io.octavo.format.ScaleFormat;
import io.octavo.format.SpecialCodes;
import io.octavo.kernel.Backend;
import io.octavo.kernel.Tensors;
import io.octavo.quant.ActivationCast;
import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.quant.WeightScheme;
import io.octavo.reference.ReferenceBackend;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.HostWeight;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TestRoundToNearest {

  private static final float[] VECTOR = {
    0, .1f, -.2f, .3f, -.45f, .62f, -.75f, .8f, -1.1f, 1.3f, -1.55f, 1.7f, 2.05f, -2.6f, 3.1f, -4.2f
  };
  private static final Map<String, ElementFormat> FORMATS =
      Map.of(
          "INT4", new IntegerFormat(4),
          "INT8", new IntegerFormat(8),
          "E2M1", ElementFormat.E2M1,
          "E3M0", new Minifloat(3, 0, SpecialCodes.NONE),
          "E4M3", ElementFormat.E4M3);

  private static WeightScheme scheme(ElementFormat element, Granularity granularity) {
    QuantSpec spec = new QuantSpec(element, ScaleFormat.FP32, granularity, Rounding.NEAREST_EVEN);
    return new WeightScheme(Optional.of(spec), ActivationCast.E4M3);
  }

  private static QuantizedWeight cast(
      float[] values, Shape shape, WeightScheme scheme, ScaleConstraint constraint) {
    return new RoundToNearest(constraint).quantize("w", values, shape, scheme, Calibration.NONE);
  }

  private static String codes(HostWeight weight) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < weight.values().remaining(); i++) {
      text.append("%X ".formatted(weight.values().get(i)));
    }
    return text.toString().strip().toUpperCase(Locale.ROOT);
  }

  private static float[] gaussian(int count, long seed) {
    Random random = new Random(seed);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  /** Vectors of the specification (8.4); numbers below half a step keep their sign: code 8. */
  @Test
  void givesTheCodesOfTheSpecification() {
    Shape shape = Shape.of(1, 16);
    WeightScheme e2m1 = scheme(ElementFormat.E2M1, new Granularity.Group(16));

    QuantizedWeight free = cast(VECTOR, shape, e2m1, new ScaleConstraint.Free());
    assertThat(codes(free.weight())).isEqualTo("0 0 9 1 9 2 A 2 B 4 C 4 5 E 6 F");
    assertThat(free.error().sqnr()).isCloseTo(21.772, within(1e-3));
    assertThat(free.error().clipped()).isZero();

    QuantizedWeight up = cast(VECTOR, shape, e2m1, new ScaleConstraint.PowerOfTwo(Bracket.CEIL));
    assertThat(codes(up.weight())).isEqualTo("0 0 8 1 9 1 A 2 A 3 B 3 4 D 5 E");
    assertThat(up.error().sqnr()).isCloseTo(19.730, within(1e-3));
    assertThat(up.error().underflowed()).isEqualTo(2.0 / 16);

    QuantizedWeight near =
        cast(VECTOR, shape, e2m1, new ScaleConstraint.PowerOfTwo(Bracket.NEAREST));
    assertThat(codes(near.weight())).isEqualTo("0 0 9 1 A 2 B 3 C 5 D 5 6 F 7 F");
    assertThat(near.weight().scales().get(0)).isEqualTo(0.5f);
    assertThat(near.error().sqnr()).isCloseTo(14.439, within(1e-3));
    assertThat(near.error().clipped()).isEqualTo(2.0 / 16);

    HostWeight e4m3 =
        cast(
                VECTOR,
                shape,
                scheme(ElementFormat.E4M3, new Granularity.PerRow()),
                new ScaleConstraint.Free())
            .weight();
    assertThat(codes(e4m3)).isEqualTo("0 53 DB 60 E4 68 EA 6B EF 71 F2 73 76 F9 7A FE");
    HostWeight int8 = cast(VECTOR, shape, WeightScheme.int8(), new ScaleConstraint.Free()).weight();
    assertThat(int8.values().array())
        .containsExactly(0, 3, -6, 9, -14, 19, -23, 24, -33, 39, -47, 51, 62, -79, 94, -127);
  }

  /** Scales of absmax over groups, N(0,1): the table of the specification (8.3), 0.1 dB apart. */
  @ParameterizedTest
  @CsvSource({
    "INT4, 32, 20.26",
    "INT4, 64, 19.36",
    "INT4, 128, 18.61",
    "INT4, 256, 17.97",
    "E2M1, 32, 19.90",
    "E2M1, 64, 19.52",
    "E2M1, 128, 19.26",
    "E2M1, 256, 19.07",
    "E3M0, 128, 14.31",
    "INT8, 128, 43.79",
    "INT8, 4096, 41.22",
    "E4M3, 128, 31.80",
    "E4M3, 4096, 31.54"
  })
  void losesWhatTheSpecificationSays(String format, int group, double sqnr) {
    float[] values = gaussian(1 << 20, 11);
    WeightScheme scheme = scheme(FORMATS.get(format), new Granularity.Group(group));
    QuantizedWeight cast = cast(values, Shape.of(256, 4096), scheme, new ScaleConstraint.Free());

    assertThat(cast.error().sqnr()).isCloseTo(sqnr, within(0.04));
    assertThat(cast.error().clipped()).isZero();
  }

  /** Constrained scales, N(0,1), groups of 256 (4.3); a row of 4,096 is a set of 16. */
  @ParameterizedTest
  @CsvSource({
    "E2M1, M1, CEIL, 17.49",
    "E2M1, M1, NEAREST, 18.95",
    "E2M1, M1, FLOOR, 15.52",
    "INT4, M1, CEIL, 15.57",
    "INT4, M1, NEAREST, 16.85",
    "E2M1, M2-1, CEIL, 16.29",
    "E2M1, M2-1, NEAREST, 18.50",
    "E2M1, M2-1, FLOOR, 18.50",
    "E2M1, M2-8, CEIL, 17.51",
    "E2M1, M2-8, NEAREST, 18.37",
    "E2M1, M2-8, FLOOR, 18.05"
  })
  void constrainedScalesLoseWhatTheSpecificationSays(
      String format, String constraint, Bracket bracket, double sqnr) {
    float[] values = gaussian(1 << 21, 12);
    ScaleConstraint constrained =
        constraint.equals("M1")
            ? new ScaleConstraint.PowerOfTwo(bracket)
            : new ScaleConstraint.SharedFraction(
                bracket, Integer.parseInt(constraint.substring(3)));
    QuantizedWeight cast =
        cast(
            values,
            Shape.of(512, 4096),
            scheme(FORMATS.get(format), new Granularity.Group(256)),
            constrained);

    assertThat(cast.error().sqnr()).isCloseTo(sqnr, within(0.08));
    boolean clips = constraint.equals("M1") ? bracket != Bracket.CEIL : bracket != Bracket.FLOOR;
    assertThat(cast.error().clipped() > 0).isEqualTo(clips);
    assertThat(cast.clampedScales()).isZero();
  }

  /** The same bits as the cast kernels give. */
  @ParameterizedTest
  @ValueSource(strings = {"fp8-tensor", "fp8-row", "fp8-block", "int8-row", "w4a8-e2m1-32"})
  void agreesWithTheKernels(String name) throws Exception {
    WeightScheme scheme = SchemeNames.of(name);
    Shape shape = Shape.of(131, 257);
    float[] values = gaussian(131 * 257, 13);
    Arrays.fill(values, 257, 2 * 257, 0);
    QuantSpec spec = scheme.weight().orElseThrow();
    HostWeight weight = cast(values, shape, scheme, new ScaleConstraint.Free()).weight();
    try (Backend backend = new ReferenceBackend();
        Tensors tensors = new Tensors(backend)) {
      Tensor source = tensors.zeros(131, 257);
      HostBuffer.of(source).floats().put(values);
      QuantizedTensor cast = tensors.codes(spec, 131, 257);
      backend.quantize().quantize(source, cast, RandomStream.NONE);

      for (int i = 0; i < values.length; i++) {
        assertThat(weight.values().get(i)).isEqualTo(HostBuffer.of(cast.codes()).codes().get(i));
      }
      for (int i = 0; i < weight.scales().remaining(); i++) {
        assertThat(weight.scales().get(i)).isEqualTo(HostBuffer.of(cast.scales()).floats().get(i));
      }
    }
  }

  /** Casting what a cast gave changes nothing; a power of two passes through to the scales. */
  @ParameterizedTest
  @ValueSource(strings = {"fp8-row", "int8-row", "w4a8-e2m1-32", "w4a8-int4-32"})
  void isIdempotentAndCommutesWithPowersOfTwo(String name) {
    WeightScheme scheme = SchemeNames.of(name);
    Shape shape = Shape.of(7, 96);
    float[] values = gaussian(7 * 96, 14);
    HostWeight once = cast(values, shape, scheme, new ScaleConstraint.Free()).weight();
    float[] decoded = decoded(once);
    QuantizedWeight twice = cast(decoded, shape, scheme, new ScaleConstraint.Free());
    assertThat(twice.weight().values()).isEqualTo(once.values());
    assertThat(twice.error().relative()).isLessThan(1e-7);

    float[] scaled = values.clone();
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] *= 0x1p-9f;
    }
    HostWeight small = cast(scaled, shape, scheme, new ScaleConstraint.Free()).weight();
    assertThat(small.values()).isEqualTo(once.values());
    assertThat(small.scales().get(3)).isEqualTo(once.scales().get(3) * 0x1p-9f);
  }

  private static float[] decoded(HostWeight weight) {
    float[] values = new float[weight.values().remaining()];
    ElementFormat element = weight.scheme().weight().orElseThrow().element();
    for (int i = 0; i < values.length; i++) {
      values[i] =
          element.decode(weight.values().get(i) & 0xFF)
              * weight.scale(i / weight.columns(), i % weight.columns());
    }
    return values;
  }

  @Test
  void saysWhereANumberIsNotFinite() {
    float[] values = gaussian(3 * 32, 15);
    values[2 * 32 + 5] = Float.NaN;
    assertThatThrownBy(
            () -> cast(values, Shape.of(3, 32), WeightScheme.int8(), new ScaleConstraint.Free()))
        .isInstanceOf(CorruptDataException.class)
        .hasMessage("Cannot quantize w: element [2, 5] is NaN");
  }
}
