package io.octavo.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.format.Bfloat16;
import io.octavo.format.ElementFormat;
import io.octavo.format.Rounding;
import io.octavo.format.ScaleFormat;
import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.tensor.CastTarget;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Operand;
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

/** Casts of a transpose, several casts of one matrix, scales in BF16. */
public abstract class TransposedCastsContract {

  private static final RandomStream RANDOM = new RandomStream(23, 5);
  private static final int[][] SHAPES = {{1, 1}, {1, 13}, {31, 127}, {300, 70}, {17, 1000}};

  private Backend backend;
  private Tensors tensors;

  protected abstract Backend open();

  @BeforeEach
  void start() {
    backend = open();
    tensors = new Tensors(backend);
  }

  @AfterEach
  void stop() throws Exception {
    tensors.close();
    backend.close();
  }

  static Stream<QuantSpec> specs() {
    List<Granularity> granularities =
        List.of(
            new Granularity.PerTensor(),
            new Granularity.PerRow(),
            new Granularity.Group(16),
            new Granularity.Group(128),
            new Granularity.Block(128, 128),
            new Granularity.Block(7, 5));
    return granularities.stream()
        .flatMap(
            granularity ->
                Stream.of(ScaleFormat.values())
                    .flatMap(
                        scale ->
                            Stream.of(Rounding.NEAREST_EVEN, Rounding.STOCHASTIC)
                                .map(
                                    rounding ->
                                        new QuantSpec(
                                            ElementFormat.E4M3, scale, granularity, rounding))));
  }

  private Tensor transpose(Tensor source) {
    int rows = source.rows();
    int columns = source.columns();
    float[] values = tensors.read(source);
    float[] transposed = new float[values.length];
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        transposed[column * rows + row] = values[row * columns + column];
      }
    }
    return tensors.of(transposed, columns, rows);
  }

  private byte[] codes(QuantizedTensor tensor) {
    return tensors.codes(tensor.codes());
  }

  private void assertSameBits(QuantizedTensor actual, QuantizedTensor expected) {
    assertThat(tensors.scales(actual)).isEqualTo(tensors.scales(expected));
    assertThat(codes(actual)).isEqualTo(codes(expected));
  }

  private QuantizedTensor cast(Tensor source, QuantSpec spec) {
    QuantizedTensor target = tensors.codes(spec, source.rows(), source.columns());
    backend.quantize().quantize(source, target, RANDOM);
    return target;
  }

  private Transposed castTransposed(Tensor source, QuantSpec spec) {
    Transposed target = new Transposed(tensors.codes(spec, source.columns(), source.rows()));
    backend.quantize().quantizeTransposed(source, target, RANDOM);
    return target;
  }

  private Tensor numbers(QuantizedTensor codes) {
    Tensor target = tensors.zeros(codes.codes().rows(), codes.codes().columns());
    backend.quantize().dequantize(codes, target);
    return target;
  }

  @ParameterizedTest
  @MethodSource("specs")
  void aTransposedCastIsTheCastOfTheTranspose(QuantSpec spec) {
    for (int[] shape : SHAPES) {
      Tensor source = tensors.normal(1, 2, shape[0], shape[1]);
      Transposed actual = castTransposed(source, spec);
      assertThat(actual.shape()).isEqualTo(source.shape());
      assertSameBits(actual.stored(), cast(transpose(source), spec));
    }
  }

  @ParameterizedTest
  @MethodSource("specs")
  void specsKnowWhetherOneCastServesForTheTranspose(QuantSpec spec) {
    // Powers of two as scales leave most numbers as they are: the difference might not show.
    QuantSpec fine =
        new QuantSpec(spec.element(), ScaleFormat.FP32, spec.granularity(), spec.rounding());
    Tensor source = tensors.normal(1, 2, 300, 70);
    float[] once = tensors.read(numbers(cast(source, fine)));
    Tensor transposed = numbers(castTransposed(source, fine.ofTransposed()).stored());
    boolean same = Arrays.equals(once, tensors.read(transpose(transposed)));
    assertThat(same).isEqualTo(fine.transposesExactly());
  }

  @ParameterizedTest
  @MethodSource("specs")
  void severalCastsAtOnceAreTheSingleOnes(QuantSpec spec) {
    Tensor source = tensors.normal(3, 1, 31, 127);
    QuantizedTensor rowwise = tensors.codes(spec, 31, 127);
    Transposed columnwise = new Transposed(tensors.codes(spec, 127, 31));
    Tensor narrow = tensors.empty(DataType.BF16, 31, 127);
    List<Operand> casts = List.of(rowwise, columnwise, narrow);
    backend.quantize().cast(new CastTarget(source, casts), RANDOM);

    assertSameBits(rowwise, cast(source, spec));
    assertSameBits(columnwise.stored(), castTransposed(source, spec).stored());
    Tensor expected = tensors.empty(DataType.BF16, 31, 127);
    backend.quantize().convert(source, expected);
    assertThat(tensors.read(narrow)).isEqualTo(tensors.read(expected));
  }

  @Test
  void bf16ScalesAreTheNearestToAmaxOverTheLargestCode() {
    QuantSpec spec =
        new QuantSpec(
            ElementFormat.E4M3, ScaleFormat.BF16, new Granularity.Group(16), Rounding.NEAREST_EVEN);
    int rows = 31;
    int columns = 77;
    Tensor source = tensors.normal(4, 1e-3, rows, columns);
    float[] values = tensors.read(source);
    Arrays.fill(values, 0, 16, 0);
    tensors.write(source, values);
    QuantizedTensor cast = cast(source, spec);
    assertThat(cast.scales().type()).isEqualTo(DataType.BF16);

    float[] scales = tensors.scales(cast);
    float[] numbers = tensors.read(numbers(cast));
    byte[] codes = codes(cast);
    for (int at = 0; at < values.length; at++) {
      int from = at / columns * columns + at % columns / 16 * 16;
      int to = Math.min(from + 16, at / columns * columns + columns);
      float amax = 0;
      for (int i = from; i < to; i++) {
        amax = Math.max(amax, Math.abs(values[i]));
      }
      float scale = amax == 0 ? 1 : Bfloat16.round(amax / 448);
      int group = at / columns * 5 + at % columns / 16;
      assertThat(scales[group]).as("scale of element %d", at).isEqualTo(scale);
      int code = ElementFormat.E4M3.encode(values[at] / scale, Rounding.NEAREST_EVEN, 0);
      assertThat(codes[at] & 0xFF).as("element %d", at).isEqualTo(code);
      assertThat(numbers[at])
          .as("element %d", at)
          .isEqualTo(ElementFormat.E4M3.decode(code) * scale);
    }
  }
}
