package io.octavo.cpu;

import io.octavo.kernel.GemmKernels;
import io.octavo.quant.Granularity;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Operand;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import io.octavo.tensor.Transposed;
import java.nio.FloatBuffer;
import org.bytedeco.javacpp.FloatPointer;

/**
 * Products by OpenBLAS. Operands that are not F32 are widened into the workspace first; a scale per
 * tensor enters as OpenBLAS's factor, so that products of codes are accumulated in FP32 as tensor
 * cores do. The rows of the result are shared out among the workers, each calling a single-threaded
 * OpenBLAS.
 */
final class CpuGemmKernels implements GemmKernels {

  /** Elements that a thread copies at once. */
  private static final int COPY_BLOCK = 1 << 16;

  private final Tiles tiles;
  private final Decoding decoding;
  private final int threads;

  CpuGemmKernels(Tiles tiles, int threads) {
    this.tiles = tiles;
    this.decoding = new Decoding(tiles);
    this.threads = threads;
  }

  @Override
  public boolean contractsLastAxisOnly() {
    return false;
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
    Widened a = widen(x, workspace, 0);
    Widened b = widen(w, workspace, a.end());
    multiply(y, accumulation, (int) x.shape().columns(), a.plain(), b.transposed());
  }

  @Override
  public void fpropAdd(Operand x, Operand w, Tensor addend, Tensor y, Tensor workspace) {
    copy(addend, y);
    fprop(x, w, y, Accumulation.ADD, workspace);
  }

  private void copy(Tensor source, Tensor target) {
    if (HostBuffer.of(source).floatPointer().equals(HostBuffer.of(target).floatPointer())) {
      return;
    }
    FloatBuffer from = HostBuffer.of(source).floats();
    FloatBuffer to = HostBuffer.of(target).floats();
    tiles.forRanges(
        Math.toIntExact(target.elements()),
        COPY_BLOCK,
        (begin, end) -> to.put(begin, from, begin, end - begin));
  }

  @Override
  public void dgrad(Operand dy, Operand w, Tensor dx, Accumulation accumulation, Tensor workspace) {
    Widened a = widen(dy, workspace, 0);
    Widened b = widen(w, workspace, a.end());
    multiply(dx, accumulation, (int) dy.shape().columns(), a.plain(), b.plain());
  }

  @Override
  public void wgrad(Operand dy, Operand x, Tensor dw, Accumulation accumulation, Tensor workspace) {
    Widened a = widen(dy, workspace, 0);
    Widened b = widen(x, workspace, a.end());
    multiply(dw, accumulation, (int) dy.shape().rows(), a.transposed(), b.plain());
  }

  /**
   * F32 memory of an operand.
   *
   * @param alpha factor still to apply
   * @param stride length of a stored row
   * @param flipped whether the operand is the transpose of what is stored
   * @param end where the workspace is free again
   */
  private record Widened(FloatPointer values, float alpha, int stride, boolean flipped, long end) {

    /** The operand as one side of a product. */
    Side plain() {
      return new Side(this, flipped);
    }

    /** The operand's transpose as one side of a product. */
    Side transposed() {
      return new Side(this, !flipped);
    }
  }

  /** One side of a product: memory, and whether it is used transposed. */
  private record Side(Widened operand, boolean transposed) {

    /** Where row {@code row} of the (transposed) matrix starts. */
    FloatPointer fromRow(int row) {
      return operand.values().getPointer(transposed ? row : (long) row * operand.stride());
    }
  }

  private Widened widen(Operand operand, Tensor workspace, long at) {
    if (operand instanceof Transposed transposed) {
      Widened stored = widen(transposed.stored(), workspace, at);
      return new Widened(stored.values(), stored.alpha(), stored.stride(), true, stored.end());
    }
    int stride = (int) operand.shape().columns();
    if (operand instanceof Tensor tensor && tensor.type() == DataType.F32) {
      return new Widened(HostBuffer.of(tensor).floatPointer(), 1, stride, false, at);
    }
    long elements = operand.shape().elements();
    Tensor target = workspace.reshape(workspace.elements()).range(at, at + elements);
    float alpha = 1;
    if (operand instanceof QuantizedTensor quantized) {
      alpha = decode(quantized, target);
    } else {
      decoding.widen((Tensor) operand, target);
    }
    long end = (at + elements + Blas.ALIGNMENT - 1) / Blas.ALIGNMENT * Blas.ALIGNMENT;
    return new Widened(HostBuffer.of(target).floatPointer(), alpha, stride, false, end);
  }

  /** Writes numbers and returns the factor that they still lack. */
  private float decode(QuantizedTensor source, Tensor target) {
    if (source.spec().granularity() instanceof Granularity.PerTensor) {
      decoding.decodeUnscaled(source, target);
      return Scales.read(source)[0];
    }
    decoding.decode(source, target);
    return 1;
  }

  private void multiply(Tensor target, Accumulation accumulation, int depth, Side a, Side b) {
    int rows = target.rows();
    int columns = target.columns();
    float alpha = a.operand().alpha() * b.operand().alpha();
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
                a.operand().stride(),
                b.operand().values(),
                b.operand().stride(),
                beta,
                c.getPointer((long) from * columns),
                columns));
  }
}
