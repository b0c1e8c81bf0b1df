package io.octavo.cpu;

import static io.octavo.kernel.Tensors.floats;
import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.format.ElementFormat;
import io.octavo.format.Rounding;
import io.octavo.format.ScaleFormat;
import io.octavo.kernel.AttentionKernels;
import io.octavo.kernel.Backend;
import io.octavo.kernel.GemmKernels.Accumulation;
import io.octavo.kernel.OptimizerKernels;
import io.octavo.kernel.Tensors;
import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import io.octavo.tensor.Transposed;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Results do not depend on how many threads computed them, nor on their timing. */
class TestThreadCounts {

  private static final int ROWS = 600;
  private static final int COLUMNS = 127;

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void everythingButMatrixProductsIsEqualBitForBit(int threads) throws Exception {
    List<float[]> expected = layers(1);
    for (int repeat = 0; repeat < 3; repeat++) {
      assertBitEqual(layers(threads), expected);
    }
  }

  private static List<float[]> layers(int threads) throws Exception {
    try (Backend backend = new CpuBackend(threads);
        Tensors t = new Tensors(backend)) {
      List<float[]> results = new ArrayList<>();
      Tensor x = t.normal(1, 1, ROWS, COLUMNS);
      Tensor dy = t.normal(2, 1, ROWS, COLUMNS);
      Tensor weight = t.normal(3, 1, COLUMNS);
      Tensor y = t.zeros(ROWS, COLUMNS);
      Tensor rstd = t.zeros(ROWS);
      Tensor dx = t.zeros(ROWS, COLUMNS);
      Tensor dweight = t.zeros(COLUMNS);
      backend.norm().rmsNorm(x, weight, 1e-5f, y, rstd);
      backend.norm().rmsNormBackward(dy, x, weight, rstd, dx, dweight);
      Tensor dbias = t.zeros(COLUMNS);
      backend.activation().biasBackward(dy, dbias);
      int[] ids = new int[ROWS];
      Arrays.setAll(ids, i -> i * i % 17);
      Tensor dtable = t.zeros(17, COLUMNS);
      backend.embedding().scatterAdd(dy, t.ints(ids), dtable);
      Tensor gateUp = t.normal(8, 2, ROWS, 2 * COLUMNS);
      Tensor activated = t.zeros(ROWS, COLUMNS);
      backend.activation().swiGlu(gateUp, activated);
      backend.activation().swiGluBackward(dy, gateUp, gateUp);
      for (Tensor result :
          List.of(
              y,
              rstd,
              dx,
              dweight,
              dbias,
              dtable,
              activated,
              gateUp,
              transposedCast(backend, t, x))) {
        results.add(floats(result));
      }
      results.addAll(attention(backend, t));
      results.add(new float[] {(float) backend.optimizer().sumOfSquares(x)});
      Tensor totals = t.zeros(OptimizerKernels.TOTALS);
      backend.optimizer().addSum(x, totals, OptimizerKernels.LOSS_SUM);
      backend.optimizer().addSumOfSquares(x, totals, OptimizerKernels.SQUARES);
      results.add(floats(totals));
      return results;
    }
  }

  /** The numbers of a cast whose groups lie along columns. */
  private static Tensor transposedCast(Backend backend, Tensors t, Tensor source) {
    QuantSpec spec =
        new QuantSpec(
            ElementFormat.E4M3, ScaleFormat.FP32, new Granularity.Group(16), Rounding.NEAREST_EVEN);
    QuantizedTensor stored = t.codes(spec, source.columns(), source.rows());
    backend.quantize().quantizeTransposed(source, new Transposed(stored), RandomStream.NONE);
    Tensor numbers = t.zeros(source.columns(), source.rows());
    backend.quantize().dequantize(stored, numbers);
    return numbers;
  }

  private static List<float[]> attention(Backend backend, Tensors t) {
    var g = new AttentionKernels.Geometry(2, 150, 4, 2, 16);
    int[] starts = new int[g.rows()];
    Arrays.setAll(starts, row -> row % 150 / 70 * 70);
    Tensor start = t.ints(starts);
    Tensor qkv = t.normal(4, 1, g.rows(), g.qkvWidth());
    Tensor dout = t.normal(7, 1, g.rows(), 64);
    Tensor out = t.zeros(g.rows(), 64);
    Tensor lse = t.zeros(g.rows(), 4);
    Tensor dqkv = t.zeros(g.rows(), g.qkvWidth());
    Tensor workspace = t.zeros(backend.attention().workspaceElements(g));
    backend.attention().forward(g, qkv, start, out, lse);
    backend.attention().backward(g, qkv, start, out, lse, dout, dqkv, workspace);
    return List.of(floats(out), floats(lse), floats(dqkv));
  }

  /** OpenBLAS may block other row counts differently: with another team, only close. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void matrixProductsAreEqualBitForBitOnTheSameTeam(int threads) throws Exception {
    assertBitEqual(products(threads), products(threads));
    assertThat(Tensors.relativeError(products(threads).get(0), products(1).get(0)))
        .isLessThan(1e-6);
  }

  private static List<float[]> products(int threads) throws Exception {
    try (Backend backend = new CpuBackend(threads);
        Tensors t = new Tensors(backend)) {
      Tensor x = t.normal(1, 1, ROWS, COLUMNS);
      Tensor w = t.normal(2, 1, 31, COLUMNS);
      Tensor y = t.zeros(ROWS, 31);
      Tensor workspace =
          t.zeros(backend.gemm().workspaceElements(Shape.of(ROWS, COLUMNS), Shape.of(31, COLUMNS)));
      backend.gemm().fprop(x, w, y, Accumulation.OVERWRITE, workspace);
      Tensor dw = t.zeros(31, COLUMNS);
      backend.gemm().wgrad(y, x, dw, Accumulation.OVERWRITE, workspace);
      return List.of(floats(y), floats(dw));
    }
  }

  private static void assertBitEqual(List<float[]> actual, List<float[]> expected) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < expected.size(); i++) {
      assertThat(actual.get(i)).as("result %d", i).containsExactly(expected.get(i));
    }
  }
}
