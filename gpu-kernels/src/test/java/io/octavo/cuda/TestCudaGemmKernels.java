package io.octavo.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.octavo.kernel.GemmKernels.Accumulation;
import io.octavo.kernel.Gpu;
import io.octavo.kernel.Tensors;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products against sums in double of the same numbers. */
@Gpu
class TestCudaGemmKernels {

  private CudaBackend backend;
  private DeviceTensors tensors;
  private GemmCase cases;

  @BeforeEach
  void open() {
    backend = CudaBackend.open(0);
    tensors = new DeviceTensors(backend);
    cases = new GemmCase(backend, tensors);
  }

  @AfterEach
  void close() {
    tensors.close();
    backend.close();
  }

  /** Sides of {@code D[m,n] = A[m,k] B[n,k]^T}, limit of the relative error, result type. */
  @ParameterizedTest
  @CsvSource({
    "F32, F32, F32, 13, 31, 127, 1e-6",
    "F32, F32, F32, 256, 384, 512, 1e-6",
    "BF16, BF16, F32, 13, 31, 127, 1e-6",
    "BF16, BF16, BF16, 256, 384, 512, 2.5e-3",
    "E4M3, E4M3, F32, 256, 384, 512, 1e-3",
    "E4M3, E4M3, BF16, 16, 48, 1040, 3e-3",
    "E5M2, E4M3, BF16, 256, 384, 512, 3e-3",
    "E4M3, E5M2, F32, 256, 384, 512, 1e-3",
    "E4M3 ROW, E4M3 ROW, BF16, 256, 384, 512, 3e-3",
    "E5M2 ROW, E4M3 ROW, F32, 48, 80, 1040, 1e-3",
    "E4M3 GROUP_128, E4M3 BLOCK_128, BF16, 256, 384, 512, 3e-3",
    "E4M3 GROUP_128, E4M3 BLOCK_128, BF16, 144, 384, 768, 3e-3",
    "E4M3 GROUP_128, E4M3 GROUP_128, F32, 256, 384, 640, 1e-3",
    "E5M2 GROUP_128, E4M3 BLOCK_128, F32, 256, 384, 512, 1e-3",
  })
  void productsAreThoseOfDouble(
      String a, String b, DataType result, int m, int n, int k, double limit) {
    GemmCase.Result got = cases.product(a, b, result, m, n, k, ProductSummation.PROMOTED);
    assertThat(got.relativeError()).isLessThan(limit);
  }

  @Test
  void gradientsContractTheFirstAxisOfPlainOperands() {
    int m = 29;
    int n = 40;
    int k = 24;
    float[] dy = cases.normal(1, m * n);
    float[] w = cases.normal(2, n * k);
    float[] x = cases.normal(3, m * k);
    float[] dx = new float[m * k];
    float[] dw = new float[n * k];
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        for (int l = 0; l < k; l++) {
          dx[i * k + l] += dy[i * n + j] * w[j * k + l];
          dw[j * k + l] += dy[i * n + j] * x[i * k + l];
        }
      }
    }
    Tensor workspace = cases.workspace();
    Tensor dyOn = tensors.of(dy, m, n);
    Tensor dxOn = tensors.of(new float[m * k], m, k);
    Tensor dwOn = tensors.of(dw, n, k);
    var gemm = backend.gemm();
    gemm.dgrad(dyOn, tensors.of(w, n, k), dxOn, Accumulation.OVERWRITE, workspace);
    gemm.wgrad(dyOn, tensors.of(x, m, k), dwOn, Accumulation.ADD, workspace);
    assertThat(Tensors.relativeError(tensors.floats(dxOn), dx)).isLessThan(1e-6);
    for (int i = 0; i < dw.length; i++) {
      dw[i] *= 2;
    }
    assertThat(Tensors.relativeError(tensors.floats(dwOn), dw)).isLessThan(1e-6);
  }

  @ParameterizedTest
  @CsvSource({"BF16, BF16", "E4M3, E4M3"})
  void aResidualIsAddedBeforeTheResultIsRounded(String a, String b) {
    GemmCase.Result got = cases.productPlusResidual(a, b, 96, 64, 160);
    assertThat(got.relativeError()).isLessThan(2.5e-3);
  }

  @ParameterizedTest
  @CsvSource({"BF16, BF16", "E4M3, E4M3"})
  void aResidualMayBeTheTarget(String a, String b) {
    GemmCase.Result got = cases.productAddedInPlace(a, b, 112, 80, 176);
    assertThat(got.relativeError()).isLessThan(2.5e-3);
  }

  @Test
  void promotedSumsAreCloserThanFastOnes() {
    double fast =
        cases
            .product("E4M3", "E4M3", DataType.F32, 64, 64, 8192, ProductSummation.FAST)
            .relativeError();
    double promoted =
        cases
            .product("E4M3", "E4M3", DataType.F32, 64, 64, 8192, ProductSummation.PROMOTED)
            .relativeError();
    assertThat(promoted).isLessThan(fast);
  }

  @Test
  void aProductIsReplayedAndOneNeverSeenIsRefusedInsideACapture() {
    Tensor x = tensors.of(cases.normal(1, 32 * 16), 32, 16);
    Tensor w = tensors.of(cases.normal(2, 48 * 16), 48, 16);
    Tensor y = tensors.empty(DataType.F32, 32, 48);
    Tensor workspace = cases.workspace();
    Runnable product = () -> backend.gemm().fprop(x, w, y, Accumulation.OVERWRITE, workspace);
    assertThatThrownBy(() -> backend.capture(product))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("while a step is captured: run the step once before");
    product.run();
    float[] expected = tensors.floats(y);
    try (StepGraph step = backend.capture(product)) {
      backend.zero(y);
      step.run();
      assertThat(tensors.floats(y)).isEqualTo(expected);
    }
  }

  @Test
  void whatTensorCoresCannotMultiplyIsRefusedWithTheReason() {
    assertThatThrownBy(
            () -> cases.product("E5M2", "E5M2", DataType.F32, 64, 64, 64, ProductSummation.FAST))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("one of them E4M3");
    assertThatThrownBy(
            () -> cases.product("E4M3", "E4M3", DataType.F32, 64, 64, 50, ProductSummation.FAST))
        .hasMessageContaining("multiples of 16");
    assertThatThrownBy(
            () -> cases.product("F32", "BF16", DataType.F32, 64, 64, 64, ProductSummation.FAST))
        .hasMessageContaining("Cannot multiply F32 by BF16 on cuda");
    assertThatThrownBy(
            () ->
                cases.product(
                    "E4M3 BLOCK_128",
                    "E4M3 BLOCK_128",
                    DataType.F32,
                    128,
                    128,
                    128,
                    ProductSummation.FAST))
        .hasMessageContaining("Cannot multiply codes scaled by BLOCK_128");
  }
}
