package io.octavo.kernel;

import static io.octavo.kernel.Tensors.floats;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import io.octavo.format.ElementFormat;
import io.octavo.format.Rounding;
import io.octavo.format.ScaleFormat;
import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Operand;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Layers whose operand holds several projections side by side: the numbers of the plain formulas on
 * each projection by itself. And layers that read codes: the numbers they give for what the codes
 * mean.
 */
public abstract class FusedLayersContract {

  private static final double LIMIT = 1e-5;

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

  private static float[] rounded(double[] values) {
    float[] result = new float[values.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = (float) values[i];
    }
    return result;
  }

  @ParameterizedTest
  @CsvSource({"2,13,4,2,8,5", "1,70,3,1,16,70", "3,65,2,2,2,33"})
  void attentionIsThatOfSeparateQueriesKeysAndValues(
      int batch, int time, int heads, int keyValueHeads, int headSize, int documentLength) {
    var g = new AttentionKernels.Geometry(batch, time, heads, keyValueHeads, headSize);
    int[] starts = new int[g.rows()];
    Arrays.setAll(starts, row -> row % time / documentLength * documentLength);
    Tensor start = tensors.ints(starts);
    Tensor qkv = tensors.normal(1, 1.2, g.rows(), g.qkvWidth());
    Tensor dout = tensors.normal(2, 1, g.rows(), g.queryWidth());
    Tensor out = tensors.zeros(g.rows(), g.queryWidth());
    Tensor lse = tensors.zeros(g.rows(), heads);
    // Gradients must be overwritten, whatever was there.
    Tensor dqkv = tensors.normal(3, 1, g.rows(), g.qkvWidth());
    Tensor workspace = tensors.zeros(backend.attention().workspaceElements(g));
    backend.attention().forward(g, qkv, start, out, lse);
    backend.attention().backward(g, qkv, start, out, lse, dout, dqkv, workspace);

    PlainAttention expected = new PlainAttention(g, floats(qkv), starts, floats(dout));
    assertThat(Tensors.relativeError(floats(out), rounded(expected.out))).isLessThan(LIMIT);
    assertThat(Tensors.relativeError(floats(dqkv), rounded(expected.dqkv))).isLessThan(LIMIT);
  }

  @ParameterizedTest
  @CsvSource({"1,1", "7,13", "31,127", "3,4100"})
  void swiGluIsThatOfSeparateGatesAndUps(int rows, int width) {
    Tensor gates = tensors.normal(1, 3, rows, width);
    Tensor ups = tensors.normal(2, 1, rows, width);
    Tensor gateUp = tensors.zeros(rows, 2L * width);
    for (int row = 0; row < rows; row++) {
      HostBuffer.of(gateUp.rowRange(row, row + 1).range(0, width))
          .put(floats(gates.rowRange(row, row + 1)));
      HostBuffer.of(gateUp.rowRange(row, row + 1).range(width, 2L * width))
          .put(floats(ups.rowRange(row, row + 1)));
    }
    Tensor dout = tensors.normal(3, 1, rows, width);
    Tensor out = tensors.zeros(rows, width);
    Tensor dGateUp = tensors.zeros(rows, 2L * width);
    backend.activation().swiGlu(gateUp, out);
    backend.activation().swiGluBackward(dout, gateUp, dGateUp);

    float[] gate = floats(gates);
    float[] up = floats(ups);
    float[] d = floats(dout);
    double[] expected = new double[gate.length];
    double[] gradients = new double[2 * gate.length];
    for (int i = 0; i < gate.length; i++) {
      double sigmoid = 1 / (1 + Math.exp(-gate[i]));
      expected[i] = gate[i] * sigmoid * up[i];
      int at = i / width * 2 * width + i % width;
      gradients[at] = d[i] * up[i] * (sigmoid + gate[i] * sigmoid * (1 - sigmoid));
      gradients[at + width] = d[i] * gate[i] * sigmoid;
    }
    assertThat(Tensors.relativeError(floats(out), rounded(expected))).isLessThan(LIMIT);
    assertThat(Tensors.relativeError(floats(dGateUp), rounded(gradients))).isLessThan(LIMIT);

    backend.activation().swiGluBackward(dout, gateUp, gateUp);
    assertThat(floats(gateUp)).as("in place").isEqualTo(floats(dGateUp));
  }

  @ParameterizedTest
  @CsvSource({"1,1,2,2", "13,3,16,40", "127,5,64,64"})
  void rotatesTheFirstHeadsAndLeavesTheRest(int rows, int heads, int headSize, int rest) {
    int half = headSize / 2;
    int columns = heads * headSize + rest;
    Tensor x = tensors.normal(1, 1, rows, columns);
    float[] before = floats(x);
    Tensor cosine = tensors.normal(2, 1, rows, half);
    Tensor sine = tensors.normal(3, 1, rows, half);
    int[] positions = new int[rows];
    Arrays.setAll(positions, row -> row * 5 % rows);
    backend
        .rotary()
        .rotate(x, heads, tensors.ints(positions), cosine, sine, RotaryKernels.Direction.FORWARD);

    float[] cos = floats(cosine);
    float[] sin = floats(sine);
    float[] after = floats(x);
    for (int at = 0; at < after.length; at++) {
      int column = at % columns;
      int inHead = column % headSize;
      int angle = positions[at / columns] * half + inHead % half;
      double expected = before[at];
      if (column < heads * headSize) {
        double other = inHead < half ? -before[at + half] : before[at - half];
        expected = (double) before[at] * cos[angle] + other * sin[angle];
      }
      assertThat((double) after[at])
          .as("element %d", at)
          .isCloseTo(expected, offset(1e-6 * (1 + Math.abs(expected))));
      if (column >= heads * headSize) {
        assertThat(after[at]).as("element %d", at).isEqualTo(before[at]);
      }
    }
  }

  static Stream<QuantSpec> keptSpecs() {
    return Stream.of(
            new Granularity.Group(16),
            new Granularity.Group(128),
            new Granularity.PerTensor(),
            new Granularity.PerRow(),
            new Granularity.Block(7, 5))
        .flatMap(
            granularity ->
                Stream.of(ScaleFormat.BF16, ScaleFormat.FP32)
                    .map(
                        scale ->
                            new QuantSpec(
                                ElementFormat.E4M3, scale, granularity, Rounding.NEAREST_EVEN)));
  }

  @ParameterizedTest
  @MethodSource("keptSpecs")
  void codesEnterLayersAsTheNumbersTheyMean(QuantSpec spec) {
    int rows = 131;
    int width = 61;
    QuantizedTensor codes = tensors.codes(spec, rows, 2 * width);
    backend.quantize().quantize(tensors.normal(1, 2, rows, 2 * width), codes, RandomStream.NONE);
    Tensor numbers = tensors.zeros(rows, 2 * width);
    backend.quantize().dequantize(codes, numbers);

    Tensor dout = tensors.normal(2, 1, rows, width);
    Tensor out = tensors.zeros(rows, width);
    Tensor outOfCodes = tensors.zeros(rows, width);
    backend.activation().swiGlu(numbers, out);
    backend.activation().swiGlu(codes, outOfCodes);
    assertThat(floats(outOfCodes)).isEqualTo(floats(out));
    Tensor gradient = tensors.zeros(rows, 2 * width);
    Tensor gradientOfCodes = tensors.zeros(rows, 2 * width);
    backend.activation().swiGluBackward(dout, numbers, gradient);
    backend.activation().swiGluBackward(dout, codes, gradientOfCodes);
    assertThat(floats(gradientOfCodes)).isEqualTo(floats(gradient));

    assertThat(normalized(codes)).isDeepEqualTo(normalized(numbers));
  }

  /** Results of RMSNorm and its gradient, one after the other. */
  private float[][] normalized(Operand x) {
    int rows = (int) x.shape().rows();
    int columns = (int) x.shape().columns();
    Tensor weight = tensors.normal(5, 1, columns);
    Tensor dy = tensors.normal(6, 1, rows, columns);
    Tensor y = tensors.zeros(rows, columns);
    Tensor rstd = tensors.zeros(rows);
    Tensor dx = tensors.zeros(rows, columns);
    Tensor dweight = tensors.zeros(columns);
    backend.norm().rmsNorm(x, weight, 1e-5f, y, rstd);
    backend.norm().rmsNormBackward(dy, x, weight, rstd, dx, dweight);
    return new float[][] {floats(y), floats(rstd), floats(dx), floats(dweight)};
  }
}
