package io.octavo.cpu;

import static io.octavo.kernel.Tensors.floats;
import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.kernel.AttentionKernels;
import io.octavo.kernel.Backend;
import io.octavo.kernel.GemmKernels.Accumulation;
import io.octavo.kernel.Tensors;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
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
      for (Tensor result : List.of(y, rstd, dx, dweight, dbias, dtable)) {
        results.add(floats(result));
      }
      results.addAll(attention(backend, t));
      results.add(new float[] {(float) backend.optimizer().sumOfSquares(x)});
      return results;
    }
  }

  private static List<float[]> attention(Backend backend, Tensors t) {
    var g = new AttentionKernels.Geometry(2, 150, 4, 2, 16);
    int[] starts = new int[g.rows()];
    Arrays.setAll(starts, row -> row % 150 / 70 * 70);
    Tensor start = t.ints(starts);
    Tensor q = t.normal(4, 1, g.rows(), 64);
    Tensor k = t.normal(5, 1, g.rows(), 32);
    Tensor v = t.normal(6, 1, g.rows(), 32);
    Tensor dout = t.normal(7, 1, g.rows(), 64);
    Tensor out = t.zeros(g.rows(), 64);
    Tensor lse = t.zeros(g.rows(), 4);
    Tensor dq = t.zeros(g.rows(), 64);
    Tensor dk = t.zeros(g.rows(), 32);
    Tensor dv = t.zeros(g.rows(), 32);
    backend.attention().forward(g, q, k, v, start, out, lse);
    backend.attention().backward(g, q, k, v, start, out, lse, dout, dq, dk, dv);
    return List.of(floats(out), floats(lse), floats(dq), floats(dk), floats(dv));
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
