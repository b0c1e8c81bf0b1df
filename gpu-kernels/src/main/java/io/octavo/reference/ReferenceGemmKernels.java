package io.octavo.reference;

import io.octavo.kernel.GemmKernels;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Operand;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;

/** Products summed in double and rounded once to F32: what FP32 accumulation approaches. */
final class ReferenceGemmKernels implements GemmKernels {

  @Override
  public boolean contractsLastAxisOnly() {
    return false;
  }

  @Override
  public long workspaceElements(Shape x, Shape w) {
    return 1;
  }

  @Override
  public void fprop(Operand x, Operand w, Tensor y, Accumulation accumulation, Tensor workspace) {
    int n = y.columns();
    int k = (int) x.shape().columns();
    float[] a = OperandValues.of(x);
    float[] b = OperandValues.of(w);
    multiply(y.rows(), n, k, (i, j, l) -> (double) a[i * k + l] * b[j * k + l], y, accumulation);
  }

  @Override
  public void fpropAdd(Operand x, Operand w, Tensor addend, Tensor y, Tensor workspace) {
    HostBuffer.of(y).put(HostBuffer.of(addend).toFloats());
    fprop(x, w, y, Accumulation.ADD, workspace);
  }

  @Override
  public void dgrad(Operand dy, Operand w, Tensor dx, Accumulation accumulation, Tensor workspace) {
    int k = dx.columns();
    int n = (int) dy.shape().columns();
    float[] a = OperandValues.of(dy);
    float[] b = OperandValues.of(w);
    multiply(dx.rows(), k, n, (i, j, l) -> (double) a[i * n + l] * b[l * k + j], dx, accumulation);
  }

  @Override
  public void wgrad(Operand dy, Operand x, Tensor dw, Accumulation accumulation, Tensor workspace) {
    int n = dw.rows();
    int k = dw.columns();
    int m = (int) dy.shape().rows();
    float[] a = OperandValues.of(dy);
    float[] b = OperandValues.of(x);
    multiply(n, k, m, (i, j, l) -> (double) a[l * n + i] * b[l * k + j], dw, accumulation);
  }

  /** The product of one pair of elements: row, column, position along the contracted dimension. */
  private interface Product {
    double at(int row, int column, int contracted);
  }

  private static void multiply(
      int rows, int columns, int depth, Product product, Tensor out, Accumulation accumulation) {
    HostBuffer target = HostBuffer.of(out);
    float[] result = target.toFloats();
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        double sum = accumulation == Accumulation.ADD ? result[i * columns + j] : 0;
        for (int l = 0; l < depth; l++) {
          sum += product.at(i, j, l);
        }
        result[i * columns + j] = (float) sum;
      }
    }
    target.put(result);
  }
}
