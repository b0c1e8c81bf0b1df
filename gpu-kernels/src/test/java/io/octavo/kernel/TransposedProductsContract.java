package io.octavo.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.kernel.GemmKernels.Accumulation;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.tensor.Operand;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import io.octavo.tensor.Transposed;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Products of transposed casts by any spec and of any size, for backends that take all of them. */
public abstract class TransposedProductsContract {

  private static final RandomStream RANDOM = new RandomStream(23, 5);

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
    return TransposedCastsContract.specs();
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
  void productsTakeTransposedCastsForTheNumbersTheyMean(QuantSpec spec) {
    int m = 70;
    int n = 31;
    int k = 45;
    Transposed x = castTransposed(tensors.normal(1, 1, m, k), spec);
    Transposed w = castTransposed(tensors.normal(2, 0.02, n, k), spec);
    Transposed dy = castTransposed(tensors.normal(3, 1e-3, m, n), spec);
    Products expected =
        products(transpose(numbers(x.stored())), numbersOf(w), numbersOf(dy), m, n, k);
    assertClose(products(x, w, dy, m, n, k), expected);
    // One side transposed, the other stored as it is.
    assertClose(products(numbersOf(x), w, dy, m, n, k), expected);
    assertClose(products(x, numbersOf(w), numbersOf(dy), m, n, k), expected);
  }

  private Tensor numbersOf(Transposed cast) {
    return transpose(numbers(cast.stored()));
  }

  private record Products(Tensor y, Tensor dx, Tensor dw) {}

  private Products products(Operand x, Operand w, Operand dy, int m, int n, int k) {
    GemmKernels gemm = backend.gemm();
    Tensor workspace = tensors.zeros(gemm.workspaceElements(Shape.of(m, k), Shape.of(n, k)));
    Products results = new Products(tensors.zeros(m, n), tensors.zeros(m, k), tensors.zeros(n, k));
    gemm.fprop(x, w, results.y(), Accumulation.OVERWRITE, workspace);
    gemm.dgrad(dy, w, results.dx(), Accumulation.OVERWRITE, workspace);
    gemm.wgrad(dy, x, results.dw(), Accumulation.OVERWRITE, workspace);
    return results;
  }

  private void assertClose(Products actual, Products expected) {
    assertClose(actual.y(), expected.y());
    assertClose(actual.dx(), expected.dx());
    assertClose(actual.dw(), expected.dw());
  }

  private void assertClose(Tensor actual, Tensor expected) {
    assertThat(Tensors.relativeError(tensors.read(actual), tensors.read(expected)))
        .isLessThan(2e-6);
  }

  @Test
  void addsAnotherTensorOrItsOwnToAProduct() {
    int m = 70;
    int n = 31;
    int k = 45;
    Tensor x = tensors.normal(1, 1, m, k);
    Tensor w = tensors.normal(2, 1, n, k);
    Tensor addend = tensors.normal(3, 1, m, n);
    float[] before = tensors.read(addend);
    float[] left = tensors.read(x);
    float[] right = tensors.read(w);
    float[] expected = new float[m * n];
    for (int at = 0; at < expected.length; at++) {
      double sum = before[at];
      for (int l = 0; l < k; l++) {
        sum += (double) left[at / n * k + l] * right[at % n * k + l];
      }
      expected[at] = (float) sum;
    }
    Tensor workspace =
        tensors.zeros(backend.gemm().workspaceElements(Shape.of(m, k), Shape.of(n, k)));
    Tensor y = tensors.normal(4, 1, m, n);
    backend.gemm().fpropAdd(x, w, addend, y, workspace);
    assertThat(Tensors.relativeError(tensors.read(y), expected)).isLessThan(2e-6);
    assertThat(tensors.read(addend)).isEqualTo(before);
    backend.gemm().fpropAdd(x, w, addend, addend, workspace);
    assertThat(tensors.read(addend)).isEqualTo(tensors.read(y));
  }
}
