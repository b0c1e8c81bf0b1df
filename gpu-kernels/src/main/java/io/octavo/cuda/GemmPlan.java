package io.octavo.cuda;

import org.bytedeco.cuda.cublas.cublasLtMatmulAlgo_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulDescOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatrixLayoutOpaque_t;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;

/**
 * cuBLASLt's description of one {@link GemmProblem}. cuBLASLt is column-major: it computes {@code
 * D^T[N,M] = B A^T}, so that its first operand is B and its second A.
 */
final class GemmPlan implements AutoCloseable {

  private static final int OP_PLAIN = 0;
  private static final int OP_TRANSPOSED = 1;
  private static final int F32 = GemmElement.F32.code();

  private final GemmProblem problem;
  private final cublasLtMatmulDescOpaque_t description = new cublasLtMatmulDescOpaque_t();
  private final cublasLtMatrixLayoutOpaque_t first;
  private final cublasLtMatrixLayoutOpaque_t second;
  private final cublasLtMatrixLayoutOpaque_t result;
  private final FloatPointer one = new FloatPointer(1).put(1);
  private final FloatPointer beta;
  private final LongPointer scale = new LongPointer(1);

  GemmPlan(GemmProblem problem) {
    this.problem = problem;
    this.beta = new FloatPointer(1).put(problem.addend() == GemmProblem.Addend.NONE ? 0 : 1);
    CublasStatus.check(
        cublas.cublasLtMatmulDescInit(description, cublas.CUBLAS_COMPUTE_32F, F32),
        "describe product " + problem);
    set(cublas.CUBLASLT_MATMUL_DESC_TRANSA, transposeOf(problem.b(), true));
    set(cublas.CUBLASLT_MATMUL_DESC_TRANSB, transposeOf(problem.a(), false));
    if (problem.a().element().isFp8()) {
      set(cublas.CUBLASLT_MATMUL_DESC_A_SCALE_MODE, problem.b().scaling().mode());
      set(cublas.CUBLASLT_MATMUL_DESC_B_SCALE_MODE, problem.a().scaling().mode());
      setFastAccumulation();
    }
    first = layout(problem.b(), problem.n(), problem.k());
    second = layout(problem.a(), problem.m(), problem.k());
    result = layout(problem.result().code(), problem.n(), problem.m());
  }

  /** Row-major [rows, K] is column-major [K, rows]: cuBLASLt wants rows first on its left side. */
  private static int transposeOf(GemmProblem.Side side, boolean left) {
    boolean last = side.order() == GemmOperand.Order.CONTRACTED_LAST;
    return last == left ? OP_TRANSPOSED : OP_PLAIN;
  }

  private static cublasLtMatrixLayoutOpaque_t layout(GemmProblem.Side side, long rows, long k) {
    boolean last = side.order() == GemmOperand.Order.CONTRACTED_LAST;
    return layout(side.element().code(), last ? k : rows, last ? rows : k);
  }

  private static cublasLtMatrixLayoutOpaque_t layout(int element, long contiguous, long other) {
    cublasLtMatrixLayoutOpaque_t layout = new cublasLtMatrixLayoutOpaque_t();
    CublasStatus.check(
        cublas.cublasLtMatrixLayoutInit(layout, element, contiguous, other, contiguous),
        "describe a matrix of %d x %d".formatted(other, contiguous));
    return layout;
  }

  private void setFastAccumulation() {
    boolean blockwise = problem.a().scaling().isBlockwise();
    boolean fast = problem.summation() == ProductSummation.FAST && !blockwise;
    try (BytePointer value = new BytePointer(1).put((byte) (fast ? 1 : 0))) {
      set(cublas.CUBLASLT_MATMUL_DESC_FAST_ACCUM, value, 1);
    }
  }

  private void set(int attribute, int value) {
    try (IntPointer memory = new IntPointer(1).put(value)) {
      set(attribute, memory, Integer.BYTES);
    }
  }

  private void set(int attribute, Pointer value, long bytes) {
    CublasStatus.check(
        cublas.cublasLtMatmulDescSetAttribute(description, attribute, value, bytes),
        "describe product %s (attribute %d)".formatted(problem, attribute));
  }

  GemmProblem problem() {
    return problem;
  }

  cublasLtMatmulDescOpaque_t description() {
    return description;
  }

  cublasLtMatrixLayoutOpaque_t first() {
    return first;
  }

  cublasLtMatrixLayoutOpaque_t second() {
    return second;
  }

  cublasLtMatrixLayoutOpaque_t result() {
    return result;
  }

  /** Says where the scales are; cuBLASLt reads the numbers themselves when the product runs. */
  void pointAtScales(GemmOperand a, GemmOperand b) {
    if (a.scales() != 0) {
      scale.put(b.scales());
      set(cublas.CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, scale, Long.BYTES);
      scale.put(a.scales());
      set(cublas.CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, scale, Long.BYTES);
    }
  }

  /** Appends the product to the stream by a given algorithm; returns cuBLASLt's status. */
  int run(CublasLt library, cublasLtMatmulAlgo_t algorithm, GemmAddresses at) {
    return cublas.cublasLtMatmul(
        library.handle(),
        description,
        one,
        new NativeAddress(at.b()),
        first,
        new NativeAddress(at.a()),
        second,
        beta,
        new NativeAddress(at.c()),
        result,
        new NativeAddress(at.d()),
        result,
        algorithm,
        new NativeAddress(at.workspace()),
        problem.workspaceBytes(),
        library.stream().cppHandle());
  }

  @Override
  public void close() {
    description.close();
    first.close();
    second.close();
    result.close();
    one.close();
    beta.close();
    scale.close();
  }
}
