package io.octavo.cuda;

import io.octavo.kernel.GemmKernels;
import io.octavo.tensor.Operand;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;

/**
 * Products by cuBLASLt: F32 in full FP32 (no TF32), BF16, and FP8 codes on Hopper and later; those
 * of codes with scales of groups or blocks of 128 by our own kernels where these were measured to
 * be faster. Results are F32 or BF16, by the target; sums are FP32.
 *
 * <p>FP8 tensor cores contract both operands along their last axis. An operand whose memory has the
 * other order enters as the transpose of its columnwise copy.
 *
 * <p>Scales lie on the device as cuBLASLt reads them: one for a tensor; {@code [rows]} for rows;
 * for groups of 1 x 128 {@code [columns/128][rows]}, rows contiguous; for blocks of 128 x 128
 * {@code [rows/128][columns/128]}, the latter padded to a multiple of 4. Of two operands with such
 * groups or blocks at most one may have blocks.
 *
 * <p>FP8 sums of fprop are the tensor core's own, those of gradients are promoted to FP32, unless
 * chosen otherwise: gradients sum over tokens, where the short accumulator loses what counts.
 */
final class CudaGemmKernels implements GemmKernels {

  private final CublasLt library;
  private final ProductSummation forward;
  private final ProductSummation gradients;

  CudaGemmKernels(CublasLt library, ProductSummation forward, ProductSummation gradients) {
    this.library = library;
    this.forward = forward;
    this.gradients = gradients;
  }

  @Override
  public long workspaceElements(Shape x, Shape w) {
    return new CudaPlanning().gemmWorkspaceElements(x, w);
  }

  @Override
  public void fprop(Operand x, Operand w, Tensor y, Accumulation accumulation, Tensor workspace) {
    multiply(last(x), last(w), x.shape().columns(), y, accumulation, forward, workspace);
  }

  @Override
  public boolean contractsLastAxisOnly() {
    return true;
  }

  @Override
  public void fpropAdd(Operand x, Operand w, Tensor addend, Tensor y, Tensor workspace) {
    if (addend.type() != y.type() || addend.elements() != y.elements()) {
      throw new IllegalArgumentException(
          "Cannot add %s %s to a product of %s %s"
              .formatted(addend.type(), addend.shape(), y.type(), y.shape()));
    }
    run(
        last(x),
        last(w),
        x.shape().columns(),
        DeviceBuffer.address(addend),
        y,
        GemmProblem.Addend.OTHER,
        forward,
        workspace);
  }

  @Override
  public void dgrad(Operand dy, Operand w, Tensor dx, Accumulation accumulation, Tensor workspace) {
    multiply(last(dy), first(w), dy.shape().columns(), dx, accumulation, gradients, workspace);
  }

  @Override
  public void wgrad(Operand dy, Operand x, Tensor dw, Accumulation accumulation, Tensor workspace) {
    multiply(first(dy), first(x), dy.shape().rows(), dw, accumulation, gradients, workspace);
  }

  private static GemmOperand last(Operand operand) {
    return GemmOperand.of(operand, GemmOperand.Order.CONTRACTED_LAST);
  }

  private static GemmOperand first(Operand operand) {
    return GemmOperand.of(operand, GemmOperand.Order.CONTRACTED_FIRST);
  }

  private void multiply(
      GemmOperand a,
      GemmOperand b,
      long k,
      Tensor target,
      Accumulation accumulation,
      ProductSummation summation,
      Tensor workspace) {
    GemmProblem.Addend addend =
        accumulation == Accumulation.ADD ? GemmProblem.Addend.TARGET : GemmProblem.Addend.NONE;
    run(a, b, k, DeviceBuffer.address(target), target, addend, summation, workspace);
  }

  private void run(
      GemmOperand a,
      GemmOperand b,
      long k,
      long c,
      Tensor target,
      GemmProblem.Addend addend,
      ProductSummation summation,
      Tensor workspace) {
    check(a, b);
    long d = DeviceBuffer.address(target);
    long scratch = DeviceBuffer.address(workspace);
    long aligned =
        (scratch + CudaPlanning.GEMM_WORKSPACE_ALIGNMENT - 1)
            & -CudaPlanning.GEMM_WORKSPACE_ALIGNMENT;
    long scratchBytes =
        Math.min(CudaPlanning.GEMM_WORKSPACE_BYTES, scratch + workspace.buffer().bytes() - aligned);
    GemmProblem problem =
        new GemmProblem(
            target.shape().rows(),
            target.shape().columns(),
            k,
            GemmProblem.Side.of(a),
            GemmProblem.Side.of(b),
            GemmElement.of(target.type()),
            GemmProblem.alignment(c | d),
            addend,
            summation,
            Math.max(0, scratchBytes));
    library.multiply(problem, a, b, new GemmAddresses(a.address(), b.address(), c, d, aligned));
  }

  private static void check(GemmOperand a, GemmOperand b) {
    boolean bothFp8 = a.element().isFp8() && b.element().isFp8();
    if (!bothFp8 && a.element() != b.element()) {
      throw new IllegalArgumentException(
          "Cannot multiply %s by %s on cuda (expected equal types, or FP8 on both sides)"
              .formatted(a.element(), b.element()));
    }
    if (a.scaling().isBlockwise() != b.scaling().isBlockwise()
        || !a.scaling().isBlockwise() && a.scaling() != b.scaling()
        || a.scaling() == GemmScaling.BLOCK_128 && b.scaling() == GemmScaling.BLOCK_128) {
      throw new IllegalArgumentException(
          "Cannot multiply codes scaled by %s with codes scaled by %s on cuda"
              .formatted(a.scaling(), b.scaling()));
    }
    if (bothFp8
        && (a.order() == GemmOperand.Order.CONTRACTED_FIRST
            || b.order() == GemmOperand.Order.CONTRACTED_FIRST)) {
      throw new IllegalArgumentException(
          "Cannot multiply FP8 codes along their first axis on cuda: pass the transpose of the"
              + " columnwise copy");
    }
  }
}
