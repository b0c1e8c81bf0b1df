package io.octavo.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.format.Bfloat16;
import io.octavo.format.ElementFormat;
import io.octavo.format.Rounding;
import io.octavo.format.ScaleFormat;
import io.octavo.kernel.Gpu;
import io.octavo.kernel.Tensors;
import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.reference.ReferenceBackend;
import io.octavo.tensor.CastTarget;
import io.octavo.tensor.DataType;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;
import io.octavo.tensor.Transposed;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A BF16 matrix and its transpose, cast from one read: the reference's bits for both. */
@Gpu
class TestTileCasts {

  private CudaBackend backend;
  private ReferenceBackend reference;
  private Tensors actual;
  private Tensors expected;

  @BeforeEach
  void start() {
    backend = CudaBackend.open(0);
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

  static Stream<QuantSpec> specs() {
    List<Granularity> granularities =
        List.of(
            new Granularity.PerTensor(),
            new Granularity.PerRow(),
            new Granularity.Group(16),
            new Granularity.Group(128),
            new Granularity.Block(128, 128));
    return Stream.of(ElementFormat.E4M3, ElementFormat.E5M2)
        .flatMap(
            element ->
                Stream.of(ScaleFormat.values())
                    .flatMap(
                        scale ->
                            granularities.stream()
                                .map(
                                    granularity ->
                                        new QuantSpec(
                                            element, scale, granularity, Rounding.NEAREST_EVEN))));
  }

  /** Numbers of all magnitudes, and some that do not count in amax. */
  private static float[] values(int rows, int columns) {
    RandomStream random = new RandomStream(11, 5);
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      float normal = (float) (random.normal(i) * Math.pow(2, i % 23 - 17));
      values[i] = Bfloat16.round(i % 97 == 5 ? special(i / 97 % 6) : normal);
    }
    return values;
  }

  private static float special(int which) {
    float[] all = {0f, -0f, Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, 1e-39f};
    return all[which];
  }

  private Tensor bf16(float[] values, int rows, int columns) {
    Tensor narrow = actual.empty(DataType.BF16, rows, columns);
    backend.quantize().convert(actual.of(values, rows, columns), narrow);
    return narrow;
  }

  private void assertSame(QuantizedTensor got, QuantizedTensor wanted) {
    assertThat(actual.scales(got)).isEqualTo(expected.scales(wanted));
    assertThat(actual.codes(got.codes())).isEqualTo(expected.codes(wanted.codes()));
  }

  @ParameterizedTest
  @MethodSource("specs")
  void givesTheReferencesBitsForAMatrixAndItsTranspose(QuantSpec spec) {
    int[][] shapes = {{16, 16}, {48, 272}, {400, 144}};
    for (int[] shape : shapes) {
      int rows = shape[0];
      int columns = shape[1];
      float[] values = values(rows, columns);
      QuantizedTensor plain = actual.codes(spec, rows, columns);
      Transposed transposed = new Transposed(actual.codes(spec, columns, rows));
      CastTarget both = new CastTarget(bf16(values, rows, columns), List.of(plain, transposed));
      backend.quantize().cast(both, RandomStream.NONE);

      QuantizedTensor plainWanted = expected.codes(spec, rows, columns);
      Transposed transposedWanted = new Transposed(expected.codes(spec, columns, rows));
      Tensor source = expected.of(values, rows, columns);
      reference.quantize().quantize(source, plainWanted, RandomStream.NONE);
      reference.quantize().quantizeTransposed(source, transposedWanted, RandomStream.NONE);
      assertSame(plain, plainWanted);
      assertSame(transposed.stored(), transposedWanted.stored());
    }
  }

  @Test
  void takesTheAmaxThatAProducerLeft() {
    QuantSpec spec = QuantSpec.perTensor(ElementFormat.E4M3);
    int rows = 272;
    int columns = 400;
    Tensor gateUp = actual.normal(3, 2, rows, 2 * columns);
    Tensor out = actual.zeros(rows, columns);
    QuantizedTensor noted = actual.codes(spec, rows, columns);
    QuantizedTensor measured = actual.codes(spec, rows, columns);
    backend.activation().swiGlu(gateUp, out);
    backend.quantize().quantize(out, noted, RandomStream.NONE);
    // Another cast is work between.
    backend.quantize().quantize(out, measured, RandomStream.NONE);
    float amax = 0;
    for (float value : actual.read(out)) {
      amax = Math.max(amax, Math.abs(value));
    }
    assertThat(actual.scales(noted)).containsExactly(amax / 448);
    assertThat(actual.scales(measured)).containsExactly(amax / 448);
    assertThat(actual.codes(noted.codes())).isEqualTo(actual.codes(measured.codes()));
  }

  @Test
  void takesAnAmaxOnlyFromTheWorkJustBefore() {
    QuantSpec spec = QuantSpec.perTensor(ElementFormat.E4M3);
    Tensor small = actual.of(filled(256, 1), 16, 16);
    Tensor large = actual.of(filled(256, 448), 16, 16);
    QuantizedTensor first = actual.codes(spec, 16, 16);
    QuantizedTensor second = actual.codes(spec, 16, 16);
    backend.quantize().quantize(large, first, RandomStream.NONE);
    backend.copy(small, large);
    backend.quantize().quantize(large, second, RandomStream.NONE);
    assertThat(actual.scales(first)).containsExactly(1f);
    assertThat(actual.scales(second)).containsExactly(1f / 448);
  }

  private static float[] filled(int elements, float value) {
    float[] values = new float[elements];
    Arrays.fill(values, value);
    return values;
  }
}
