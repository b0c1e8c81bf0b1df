package io.octavo.kernel;

import io.octavo.format.ElementFormat;
import io.octavo.kernel.GemmKernels.Accumulation;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Operand;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.openblas.global.openblas_nolapack;

/** The three products of a linear layer, beside OpenBLAS alone on as many threads of its own. */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
@State(Scope.Thread)
public class GemmBenchmark extends Bench {

  private static final int ROW_MAJOR = 101;
  private static final int PLAIN = 111;
  private static final int TRANSPOSED = 112;

  /** {@code M x N x K} of {@code y = x w^T}. */
  @Param({"2048x256x256", "2048x768x256", "2048x256x768", "2048x272x256", "2048x4096x256"})
  public String shape;

  @Param({"fp32", "bf16", "fp8"})
  public String operands;

  private int m;
  private int n;
  private int k;
  private GemmKernels gemm;
  private Operand x;
  private Operand w;
  private Operand dy;
  private Tensor y;
  private Tensor dx;
  private Tensor dw;
  private Tensor workspace;
  private FloatPointer left;
  private FloatPointer right;
  private FloatPointer result;

  @Setup(Level.Trial)
  public void setUp() {
    String[] extents = shape.split("x");
    m = Integer.parseInt(extents[0]);
    n = Integer.parseInt(extents[1]);
    k = Integer.parseInt(extents[2]);
    Backend backend = open();
    check((b, t) -> product(b, t, 13, 31, 127));
    gemm = backend.gemm();
    Tensors t = tensors();
    Tensor plainX = t.normal(1, 1, m, k);
    Tensor plainW = t.normal(2, 1, n, k);
    x = cast(backend, t, plainX, ElementFormat.E4M3);
    w = cast(backend, t, plainW, ElementFormat.E4M3);
    dy = cast(backend, t, t.normal(3, 1, m, n), ElementFormat.E5M2);
    y = t.zeros(m, n);
    dx = t.zeros(m, k);
    dw = t.zeros(n, k);
    workspace = t.zeros(gemm.workspaceElements(Shape.of(m, k), Shape.of(n, k)));
    left = HostBuffer.of(plainX).floatPointer();
    right = HostBuffer.of(plainW).floatPointer();
    result = HostBuffer.of(y).floatPointer();
  }

  private Tensor product(Backend b, Tensors t, int rows, int columns, int depth) {
    Tensor target = t.zeros(rows, columns);
    Tensor scratch =
        t.zeros(b.gemm().workspaceElements(Shape.of(rows, depth), Shape.of(columns, depth)));
    b.gemm()
        .fprop(
            cast(b, t, t.normal(1, 1, rows, depth), ElementFormat.E4M3),
            cast(b, t, t.normal(2, 1, columns, depth), ElementFormat.E4M3),
            target,
            Accumulation.OVERWRITE,
            scratch);
    return target;
  }

  private Operand cast(Backend b, Tensors t, Tensor source, ElementFormat element) {
    if (operands.equals("fp32")) {
      return source;
    }
    if (operands.equals("bf16")) {
      Tensor narrow = t.empty(DataType.BF16, source.rows(), source.columns());
      b.quantize().convert(source, narrow);
      return narrow;
    }
    QuantizedTensor codes =
        new QuantizedTensor(
            QuantSpec.perTensor(element),
            t.empty(DataType.U8, source.rows(), source.columns()),
            t.zeros(1));
    b.quantize().quantize(source, codes, RandomStream.NONE);
    return codes;
  }

  private void count(Work work) {
    work.flop += 2L * m * n * k;
  }

  @Benchmark
  public void fprop(Work work) {
    gemm.fprop(x, w, y, Accumulation.OVERWRITE, workspace);
    count(work);
  }

  @Benchmark
  public void dgrad(Work work) {
    gemm.dgrad(dy, w, dx, Accumulation.OVERWRITE, workspace);
    count(work);
  }

  @Benchmark
  public void wgrad(Work work) {
    gemm.wgrad(dy, x, dw, Accumulation.ADD, workspace);
    count(work);
  }

  /** OpenBLAS by itself: the product of {@link #fprop} on F32 operands, its own threads. */
  @Benchmark
  public void bareOpenBlas(Work work) {
    openblas_nolapack.blas_set_num_threads(threads);
    openblas_nolapack.cblas_sgemm(
        ROW_MAJOR, PLAIN, TRANSPOSED, m, n, k, 1, left, k, right, k, 0, result, n);
    count(work);
  }
}
