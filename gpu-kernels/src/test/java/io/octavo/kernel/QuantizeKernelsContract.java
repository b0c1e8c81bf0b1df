package io.octavo.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.octavo.format.Bfloat16;
import io.octavo.format.ElementFormat;
import io.octavo.format.IntegerFormat;
import io.octavo.format.Minifloat;
import io.octavo.format.Rounding;
import io.octavo.format.ScaleFormat;
import io.octavo.format.SpecialCodes;
import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.reference.ReferenceBackend;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Casts: the reference's bits on every backend, whatever shares a scale and however it rounds. */
public abstract class QuantizeKernelsContract {

  private static final RandomStream RANDOM = new RandomStream(17, 3);

  private Backend backend;
  private Tensors actual;
  private ReferenceBackend reference;
  private Tensors expected;

  protected abstract Backend open();

  @BeforeEach
  void start() {
    backend = open();
    reference = new ReferenceBackend();
    actual = new Tensors(backend);
    expected = new Tensors(reference);
  }

  @AfterEach
  void stop() throws Exception {
    actual.close();
    expected.close();
    backend.close();
    reference.close();
  }

  /** Every kind of element with every granularity, kind of scale and rounding. */
  static Stream<QuantSpec> specs() {
    List<ElementFormat> elements =
        List.of(
            ElementFormat.E4M3,
            ElementFormat.E5M2,
            ElementFormat.E2M1,
            new Minifloat(3, 2, SpecialCodes.NONE),
            new Minifloat(4, 3, SpecialCodes.FNUZ),
            new Minifloat(3, 4, SpecialCodes.IEEE),
            new Minifloat(3, 0, SpecialCodes.NONE),
            new IntegerFormat(4),
            new IntegerFormat(8));
    List<Granularity> granularities =
        List.of(
            new Granularity.PerTensor(),
            new Granularity.PerRow(),
            new Granularity.Group(16),
            new Granularity.Group(128),
            new Granularity.Block(128, 128),
            new Granularity.Block(7, 5));
    List<QuantSpec> specs = new ArrayList<>();
    for (ElementFormat element : elements) {
      for (Granularity granularity : granularities) {
        for (ScaleFormat scale : ScaleFormat.values()) {
          for (Rounding rounding : Rounding.values()) {
            specs.add(new QuantSpec(element, scale, granularity, rounding));
          }
        }
      }
    }
    return specs.stream();
  }

  @ParameterizedTest
  @MethodSource("specs")
  void givesTheReferencesBits(QuantSpec spec) {
    int[][] shapes = {{1, 1}, {1, 13}, {31, 127}, {130, 131}, {144, 272}, {3, 4098}};
    for (int[] shape : shapes) {
      QuantizedTensor got = actual.codes(spec, shape[0], shape[1]);
      QuantizedTensor wanted = expected.codes(spec, shape[0], shape[1]);
      backend.quantize().quantize(actual.normal(5, 2, shape[0], shape[1]), got, RANDOM);
      reference.quantize().quantize(expected.normal(5, 2, shape[0], shape[1]), wanted, RANDOM);

      assertThat(actual.scales(got)).isEqualTo(expected.scales(wanted));
      assertThat(actual.codes(got.codes())).isEqualTo(expected.codes(wanted.codes()));
      Tensor back = actual.zeros(shape[0], shape[1]);
      Tensor backWanted = expected.zeros(shape[0], shape[1]);
      backend.quantize().dequantize(got, back);
      reference.quantize().dequantize(wanted, backWanted);
      assertThat(actual.read(back)).isEqualTo(expected.read(backWanted));
    }
  }

  @Test
  void handlesZerosInfinitiesAndNans() {
    QuantSpec spec = QuantSpec.perTensor(ElementFormat.E4M3);
    float[] values = {
      0f, -0f, Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 2f, -1f, Float.MIN_VALUE
    };
    QuantizedTensor got = actual.codes(spec, 1, values.length);
    backend.quantize().quantize(actual.of(values, 1, values.length), got, RANDOM);

    assertThat(actual.read(got.scales())).containsExactly(2f / 448);
    assertThat(actual.codes(got.codes())).containsExactly(0, 0x80, 0x7F, 0x7E, 0xFE, 0x7E, 0xF6, 0);

    QuantizedTensor zeros = actual.codes(spec, 2, 2);
    backend.quantize().quantize(actual.zeros(2, 2), zeros, RANDOM);
    assertThat(actual.read(zeros.scales())).containsExactly(1f);
  }

  @Test
  void roundsStochasticallyWithoutBias() {
    int n = 1 << 18;
    float[] values = new float[n];
    Arrays.fill(values, 1.03f);
    values[0] = 448;
    QuantSpec spec =
        new QuantSpec(
            ElementFormat.E4M3, ScaleFormat.FP32, new Granularity.PerTensor(), Rounding.STOCHASTIC);
    QuantizedTensor got = actual.codes(spec, 1, n);
    backend.quantize().quantize(actual.of(values, 1, n), got, RANDOM);
    Tensor back = actual.zeros(1, n);
    backend.quantize().dequantize(got, back);
    double sum = 0;
    for (float value : actual.read(back)) {
      sum += value;
    }
    double mean = (sum - 448) / (n - 1);
    // The deviation of one draw is below 1/16, of the mean below 1/8192.
    assertThat(mean).isCloseTo(1.03, within(4.0 / 8192));
  }

  @Test
  void errsOnNormalDataAsMuchAsTheSpecificationSays() {
    int n = 1 << 20;
    double[] normal = SplitMix.normal(42, n);
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) normal[i];
    }
    Object[][] table = {
      {ElementFormat.E4M3, new Granularity.Group(16), 4.985754e-4},
      {ElementFormat.E4M3, new Granularity.Group(128), 6.616390e-4},
      {ElementFormat.E4M3, new Granularity.PerTensor(), 7.007158e-4},
      {ElementFormat.E5M2, new Granularity.Group(16), 1.982953e-3},
      {ElementFormat.E5M2, new Granularity.Group(128), 2.625832e-3},
      {ElementFormat.E5M2, new Granularity.PerTensor(), 2.760837e-3},
    };
    for (Object[] row : table) {
      QuantSpec spec =
          new QuantSpec(
              (Minifloat) row[0], ScaleFormat.FP32, (Granularity) row[1], Rounding.NEAREST_EVEN);
      QuantizedTensor got = actual.codes(spec, n / 1024, 1024);
      backend.quantize().quantize(actual.of(values, n / 1024, 1024), got, RANDOM);
      Tensor back = actual.zeros(n / 1024, 1024);
      backend.quantize().dequantize(got, back);
      double relative = Tensors.relativeError(actual.read(back), values);
      assertThat(relative * relative)
          .as("%s %s", row[0], row[1])
          .isCloseTo((double) row[2], within((double) row[2] * 1e-3));
    }
  }

  /** Scales are never too small: no number of a group saturates, whatever the kind of scale. */
  @ParameterizedTest
  @EnumSource(ScaleFormat.class)
  void scalesHoldTheLargestNumberOfEachGroup(ScaleFormat scale) {
    int rows = 64;
    int columns = 48;
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      // Magnitudes over 60 binades, by rows and columns.
      values[i] = (float) (RANDOM.normal(i) * Math.pow(2, i / columns % 40 - i % columns % 20));
    }
    QuantSpec spec =
        new QuantSpec(ElementFormat.E2M1, scale, new Granularity.Group(16), Rounding.NEAREST_EVEN);
    QuantizedTensor got = actual.codes(spec, rows, columns);
    backend.quantize().quantize(actual.of(values, rows, columns), got, RANDOM);
    float[] scales = actual.scales(got);
    for (int group = 0; group < scales.length; group++) {
      float amax = 0;
      for (int i = 16 * group; i < 16 * group + 16; i++) {
        amax = Math.max(amax, Math.abs(values[i]));
      }
      float exact = amax / 6;
      if (scale == ScaleFormat.FP32) {
        assertThat(scales[group]).isEqualTo(exact);
      } else if (scale == ScaleFormat.BF16) {
        assertThat(scales[group]).isEqualTo(Bfloat16.round(exact));
      } else {
        assertThat(Float.floatToRawIntBits(scales[group]) & 0x7FFFFF).as("a power of 2").isZero();
        assertThat(scales[group]).isGreaterThanOrEqualTo(exact).isLessThan(2 * exact);
      }
    }
  }
}
