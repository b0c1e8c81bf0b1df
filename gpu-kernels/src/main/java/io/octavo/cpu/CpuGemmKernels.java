package io.octavo.cpu;

import io.octavo.kernel.GemmKernels;
import io.octavo.quant.Granularity;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Operand;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import org.bytedeco.javacpp.FloatPointer;

/**
 * Products by OpenBLAS. Operands that are not F32 are widened into the workspace first; a scale per
 * tensor enters as OpenBLAS's factor, so that products of codes are accumulated in FP32 as tensor
 * cores do. The rows of the result are shared out among the workers, each calling a single-threaded
 * OpenBLAS.
 */
final class CpuGemmKernels implements GemmKernels {

  private final Tiles tiles;
  private final Decoding decoding;
  private final int threads;

  CpuGemmKernels(Tiles tiles, int threads) {
    this.tiles = tiles;
    this.decoding = new Decoding(tiles);
    this.threads = threads;
  }

  @Override
  public long workspaceElements(Shape x, Shape w) {
    long m = x.rows();
    long k = x.columns();
    long n = w.rows();
    long product = Math.max(m * k + n * k, Math.max(m * n + n * k, m * n + m * k));
    return product + 2L * Blas.ALIGNMENT;
  }

  @Override
  public void fprop(Operand x, Operand w, Tensor y, Accumulation accumulation, Tensor workspace) {
    int k = (int) x.shape().columns();
    Widened a = widen(x, workspace, 0);
    Widened b = widen(w, workspace, a.end());
    multiply(
        y, a.alpha() * b.alpha(), accumulation, k, new Side(a, false, k), new Side(b, true, k));
  }

  @Override
  public void dgrad(Operand dy, Operand w, Tensor dx, Accumulation accumulation, Tensor workspace) {
    int n = (int) dy.shape().columns();
    Widened a = widen(dy, workspace, 0);
    Widened b = widen(w, workspace, a.end());
    multiply(
        dx,
        a.alpha() * b.alpha(),
        accumulation,
        n,
        new Side(a, false, n),
        new Side(b, false, dx.columns()));
  }

  @Override
  public void wgrad(Operand dy, Operand x, Tensor dw, Accumulation accumulation, Tensor workspace) {
    int m = (int) dy.shape().rows();
    Widened a = widen(dy, workspace, 0);
    Widened b = widen(x, workspace, a.end());
    multiply(
        dw,
        a.alpha() * b.alpha(),
        accumulation,
        m,
        new Side(a, true, dw.rows()),
        new Side(b, false, dw.columns()));
  }

  /** F32 memory of an operand, the factor still to apply, and where the workspace is free again. */
  private record Widened(FloatPointer values, float alpha, long end) {}

  /** One side of a product: memory, whether it is used transposed, length of a stored row. */
  private record Side(Widened operand, boolean transposed, int stride) {

    /** Where row {@code row} of the (transposed) matrix starts. */
    FloatPointer fromRow(int row) {
      return operand.values().getPointer(transposed ? row : (long) row * stride);
    }
  }

  private Widened widen(Operand operand, Tensor workspace, long at) {
    if (operand instanceof Tensor tensor && tensor.type() == DataType.F32) {
      return new Widened(HostBuffer.of(tensor).floatPointer(), 1, at);
    }
    long elements = operand.shape().elements();
    Tensor target = workspace.reshape(workspace.elements()).range(at, at + elements);
    float alpha = 1;
    if (operand instanceof QuantizedTensor quantized) {
      boolean perTensor = quantized.spec().granularity() instanceof Granularity.PerTensor;
      decoding.decode(quantized, !perTensor, target);
      alpha = perTensor ? HostBuffer.of(quantized.scales()).floats().get(0) : 1;
    } else {
      decoding.widen((Tensor) operand, target);
    }
    long end = (at + elements + Blas.ALIGNMENT - 1) / Blas.ALIGNMENT * Blas.ALIGNMENT;
    return new Widened(HostBuffer.of(target).floatPointer(), alpha, end);
  }

  private void multiply(
      Tensor target, float alpha, Accumulation accumulation, int depth, Side a, Side b) {
    int rows = target.rows();
    int columns = target.columns();
    float beta = accumulation == Accumulation.ADD ? 1 : 0;
    FloatPointer c = HostBuffer.of(target).floatPointer();
    int share = Math.max(1, (rows + threads - 1) / threads);
    tiles.forRanges(
        rows,
        share,
        (from, to) ->
            Blas.sgemm(
                a.transposed(),
                b.transposed(),
                to - from,
                columns,
                depth,
                alpha,
                a.fromRow(from),
                a.stride(),
                b.operand().values(),
                b.stride(),
                beta,
                c.getPointer((long) from * columns),
                columns));
  }
}
