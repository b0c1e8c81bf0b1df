package io.octavo.kernel;

import static io.octavo.kernel.Tensors.relativeError;
import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.format.ElementFormat;
import io.octavo.format.Rounding;
import io.octavo.format.ScaleFormat;
import io.octavo.kernel.GemmKernels.Accumulation;
import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.reference.ReferenceBackend;
import io.octavo.tensor.DataType;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import java.util.Arrays;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What every backend's layers compute: the reference's numbers, to FP32 rounding. */
public abstract class KernelsContract {

  private static final double LIMIT = 2e-6;

  private Backend backend;
  private Tensors actual;
  private Tensors expected;
  private ReferenceBackend reference;

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

  private interface Use {
    Tensor[] run(Backend backend, Tensors tensors);
  }

  private void compare(double limit, Use use) {
    Tensor[] got = use.run(backend, actual);
    Tensor[] wanted = use.run(reference, expected);
    for (int i = 0; i < wanted.length; i++) {
      assertThat(relativeError(actual.read(got[i]), expected.read(wanted[i])))
          .as("relative error of result %d", i)
          .isLessThan(limit);
    }
  }

  @ParameterizedTest
  @CsvSource({"1,1,1", "13,31,127", "127,13,31", "64,128,256", "1000,31,13"})
  void multipliesMatrices(int m, int n, int k) {
    compare(
        LIMIT,
        (b, t) -> {
          Tensor x = t.normal(1, 1, m, k);
          Tensor w = t.normal(2, 1, n, k);
          Tensor dy = t.normal(3, 1, m, n);
          Tensor workspace = t.zeros(b.gemm().workspaceElements(Shape.of(m, k), Shape.of(n, k)));
          Tensor y = t.zeros(m, n);
          b.gemm().fprop(x, w, y, Accumulation.OVERWRITE, workspace);
          Tensor dx = t.normal(4, 1, m, k);
          b.gemm().dgrad(dy, w, dx, Accumulation.ADD, workspace);
          Tensor dw = t.normal(5, 1, n, k);
          b.gemm().wgrad(dy, x, dw, Accumulation.ADD, workspace);
          return new Tensor[] {y, dx, dw};
        });
  }

  @ParameterizedTest
  @CsvSource({"13,31,127", "64,48,32"})
  void multipliesBf16Operands(int m, int n, int k) {
    compare(
        LIMIT,
        (b, t) -> {
          Tensor x = t.empty(DataType.BF16, m, k);
          Tensor w = t.empty(DataType.BF16, n, k);
          b.quantize().convert(t.normal(1, 1, m, k), x);
          b.quantize().convert(t.normal(2, 1, n, k), w);
          Tensor workspace = t.zeros(b.gemm().workspaceElements(Shape.of(m, k), Shape.of(n, k)));
          Tensor y = t.zeros(m, n);
          b.gemm().fprop(x, w, y, Accumulation.OVERWRITE, workspace);
          return new Tensor[] {y};
        });
  }

  @ParameterizedTest
  @CsvSource({"1,1,1", "13,31,127", "64,48,32"})
  void multipliesCodesAndAppliesScalesPerTensor(int m, int n, int k) {
    compare(LIMIT, (b, t) -> productsOfCodes(b, t, new Granularity.PerTensor(), m, n, k));
  }

  @ParameterizedTest
  @CsvSource({"13,31,127", "64,48,32"})
  void multipliesCodesWithScalesPerRow(int m, int n, int k) {
    compare(LIMIT, (b, t) -> productsOfCodes(b, t, new Granularity.PerRow(), m, n, k));
  }

  private static Tensor[] productsOfCodes(
      Backend b, Tensors t, Granularity granularity, int m, int n, int k) {
    QuantizedTensor x = cast(b, t, ElementFormat.E4M3, granularity, t.normal(1, 1, m, k));
    QuantizedTensor w = cast(b, t, ElementFormat.E4M3, granularity, t.normal(2, 0.02, n, k));
    QuantizedTensor dy = cast(b, t, ElementFormat.E5M2, granularity, t.normal(3, 1e-4, m, n));
    Tensor workspace = t.zeros(b.gemm().workspaceElements(Shape.of(m, k), Shape.of(n, k)));
    Tensor y = t.normal(4, 1, m, n);
    b.gemm().fprop(x, w, y, Accumulation.ADD, workspace);
    Tensor dx = t.zeros(m, k);
    b.gemm().dgrad(dy, w, dx, Accumulation.OVERWRITE, workspace);
    Tensor dw = t.zeros(n, k);
    b.gemm().wgrad(dy, x, dw, Accumulation.OVERWRITE, workspace);
    return new Tensor[] {y, dx, dw};
  }

  private static QuantizedTensor cast(
      Backend b, Tensors t, ElementFormat element, Granularity granularity, Tensor source) {
    QuantizedTensor target =
        t.codes(
            new QuantSpec(element, ScaleFormat.FP32, granularity, Rounding.NEAREST_EVEN),
            source.rows(),
            source.columns());
    b.quantize().quantize(source, target, RandomStream.NONE);
    return target;
  }

  @ParameterizedTest
  @CsvSource({"1,1", "13,31", "127,1000", "200,64"})
  void normalizesRows(int rows, int columns) {
    compare(
        LIMIT,
        (b, t) -> {
          Tensor x = t.normal(1, 3, rows, columns);
          Tensor weight = t.normal(2, 1, columns);
          Tensor y = t.zeros(rows, columns);
          Tensor rstd = t.zeros(rows, 1);
          b.norm().rmsNorm(x, weight, 1e-5f, y, rstd);
          Tensor dx = t.normal(3, 1, rows, columns);
          Tensor dweight = t.normal(4, 1, columns);
          Tensor dy = t.normal(5, 1, rows, columns);
          b.norm().rmsNormBackward(dy, x, weight, rstd, dx, dweight);
          return new Tensor[] {y, rstd, dx, dweight};
        });
  }

  @ParameterizedTest
  @CsvSource({"1,1", "7,13", "127,33"})
  void runsElementwiseLayers(int rows, int columns) {
    compare(
        LIMIT,
        (b, t) -> {
          Tensor gateUp = t.normal(1, 4, rows, 2 * columns);
          Tensor out = t.zeros(rows, columns);
          b.activation().swiGlu(gateUp, out);
          Tensor dGateUp = t.zeros(rows, 2 * columns);
          Tensor dout = t.normal(3, 1, rows, columns);
          b.activation().swiGluBackward(dout, gateUp, dGateUp);
          Tensor bias = t.normal(4, 1, columns);
          b.activation().addBias(bias, out);
          b.activation().add(dout, out);
          b.activation().scale(out, 0.3f);
          Tensor dbias = t.normal(5, 1, columns);
          b.activation().biasBackward(dout, dbias);
          return new Tensor[] {out, dGateUp, dbias};
        });
  }

  @ParameterizedTest
  @CsvSource({"1,1,2,0", "13,3,16,16", "127,5,64,7"})
  void rotatesAndRotatesBack(int rows, int heads, int headSize, int rest) {
    compare(
        LIMIT,
        (b, t) -> {
          Tensor x = t.normal(1, 1, rows, heads * headSize + rest);
          Tensor cosine = t.normal(2, 1, rows, headSize / 2);
          Tensor sine = t.normal(3, 1, rows, headSize / 2);
          int[] positions = new int[rows];
          Arrays.setAll(positions, i -> i * 7 % rows);
          b.rotary()
              .rotate(x, heads, t.ints(positions), cosine, sine, RotaryKernels.Direction.FORWARD);
          Tensor back = t.normal(1, 1, rows, heads * headSize + rest);
          b.rotary()
              .rotate(
                  back, heads, t.ints(positions), cosine, sine, RotaryKernels.Direction.BACKWARD);
          return new Tensor[] {x, back};
        });
  }

  @ParameterizedTest
  @CsvSource({
    "1,1,1,1,2,1",
    "2,13,2,1,16,5",
    "1,64,4,4,32,64",
    "1,65,8,1,8,9",
    "2,130,4,2,32,40",
    "1,300,2,2,16,300"
  })
  void attendsWithinDocuments(
      int batch, int time, int heads, int keyValueHeads, int headSize, int documentLength) {
    var geometry = new AttentionKernels.Geometry(batch, time, heads, keyValueHeads, headSize);
    int rows = geometry.rows();
    int[] starts = new int[rows];
    Arrays.setAll(starts, row -> row % time / documentLength * documentLength);
    compare(
        1e-5,
        (b, t) -> {
          Tensor qkv = t.normal(1, 1.3, rows, geometry.qkvWidth());
          Tensor out = t.zeros(rows, heads * headSize);
          Tensor lse = t.zeros(rows, heads);
          Tensor start = t.ints(starts);
          b.attention().forward(geometry, qkv, start, out, lse);
          Tensor dout = t.normal(4, 1, rows, heads * headSize);
          // Results must be overwritten, whatever was there.
          Tensor dqkv = t.normal(5, 1, rows, geometry.qkvWidth());
          Tensor workspace = t.zeros(b.attention().workspaceElements(geometry));
          b.attention().backward(geometry, qkv, start, out, lse, dout, dqkv, workspace);
          return new Tensor[] {out, lse, dqkv};
        });
  }

  @ParameterizedTest
  @CsvSource({"1,2,1", "50,13,31", "127,272,256"})
  void looksUpRowsAndAddsTheirGradients(int rows, int vocabulary, int columns) {
    int[] ids = new int[rows];
    Arrays.setAll(ids, i -> i * i % vocabulary);
    compare(
        LIMIT,
        (b, t) -> {
          Tensor out = t.zeros(rows, columns);
          b.embedding().gather(t.normal(1, 1, vocabulary, columns), t.ints(ids), out);
          Tensor dtable = t.normal(2, 1, vocabulary, columns);
          b.embedding().scatterAdd(t.normal(3, 1, rows, columns), t.ints(ids), dtable);
          return new Tensor[] {out, dtable};
        });
  }

  @ParameterizedTest
  @CsvSource({"1,2", "13,31", "127,272", "5,4096"})
  void measuresCrossEntropy(int rows, int vocabulary) {
    int[] targets = new int[rows];
    Arrays.setAll(targets, i -> i % 5 == 3 ? LossKernels.IGNORED : i * 11 % vocabulary);
    compare(
        LIMIT,
        (b, t) -> {
          Tensor losses = t.normal(9, 1, rows);
          Tensor logits = t.normal(1, 5, rows, vocabulary);
          b.loss().crossEntropy(logits, t.ints(targets), losses);
          Tensor again = t.normal(9, 1, rows);
          b.loss().crossEntropyBackward(logits, t.ints(targets), again, 0.25f);
          return new Tensor[] {losses, again, logits};
        });
  }

  @ParameterizedTest
  @CsvSource({"1", "127", "5000", "100000"})
  void sumsSquares(int elements) {
    Tensor values = actual.normal(1, 1, elements);
    double sum = 0;
    for (float value : actual.read(values)) {
      sum += (double) value * value;
    }
    assertThat(backend.optimizer().sumOfSquares(values)).isEqualTo(sum, within(sum * 1e-12));
  }

  private static Offset<Double> within(double value) {
    return Offset.offset(value);
  }
}
