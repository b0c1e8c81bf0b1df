package io.octavo.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.format.ElementFormat;
import io.octavo.format.Rounding;
import io.octavo.format.ScaleFormat;
import io.octavo.kernel.GemmKernels.Accumulation;
import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.tensor.DataType;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import java.util.Arrays;
import org.assertj.core.data.Offset;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@link LayerKernelsContract}, and products, attention and sums. */
public abstract class KernelsContract extends LayerKernelsContract {

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
