package io.octavo.cuda;

import java.util.ArrayList;
import java.util.List;

/** Products of codes with scales of groups or blocks of 128 by our own kernels for Hopper. */
final class BlockGemm {

  /** What the copy engine asks of addresses. */
  private static final int ALIGNMENT = 16;

  /** What the copy engine asks of rows of codes, and of BF16. */
  private static final int MULTIPLE = 16;

  /** What it asks of rows of scales. */
  private static final int SCALES_MULTIPLE = 4;

  private static final List<BlockTiling> BLOCK_TILINGS =
      List.of(
          new BlockTiling(192, 128, 3, 4, BlockTiling.Common.A),
          new BlockTiling(128, 192, 2, 4, BlockTiling.Common.B));

  private static final List<BlockTiling> GROUP_TILINGS =
      List.of(
          new BlockTiling(192, 128, 3, 5, BlockTiling.Common.A),
          new BlockTiling(128, 128, 2, 6, BlockTiling.Common.B));

  /** Far from where kernels would count past an int. */
  private static final int MOST_EXTENT = 1 << 30;

  private final KernelModule module;
  private final int multiprocessors;

  BlockGemm(CudaContext context) {
    this.module = context.module("gemm_blockwise");
    this.multiprocessors = context.device().multiprocessors();
  }

  /** The kernels are machine code of this one architecture. */
  static boolean supports(Device device) {
    return device.capability() == 90;
  }

  /** Ways to compute a product; none where it is not one of those that kernels were written for. */
  List<GemmMethod> methods(GemmProblem problem) {
    List<GemmMethod> methods = new ArrayList<>();
    if (fits(problem)) {
      for (BlockTiling tiling : tilings(problem)) {
        Kernel kernel = module.kernel(symbol(problem, tiling));
        methods.add(
            new BlockMethod(problem, tiling, kernel, tiling.grid(problem, multiprocessors)));
      }
    }
    return methods;
  }

  private static boolean fits(GemmProblem problem) {
    boolean blocks = problem.b().scaling() == GemmScaling.BLOCK_128;
    boolean groups = problem.b().scaling() == GemmScaling.GROUP_128;
    return problem.a().scaling() == GemmScaling.GROUP_128
        && (blocks && problem.result() == GemmElement.BF16
            || groups
                && problem.result() == GemmElement.F32
                && problem.addend() != GemmProblem.Addend.OTHER)
        && isCodes(problem.a())
        && isCodes(problem.b())
        && problem.resultAlignment() >= ALIGNMENT
        && problem.m() % SCALES_MULTIPLE == 0
        && problem.n() % MULTIPLE == 0
        && problem.k() % MULTIPLE == 0
        && Math.max(problem.m(), Math.max(problem.n(), problem.k())) <= MOST_EXTENT;
  }

  private static boolean isCodes(GemmProblem.Side side) {
    return side.element() == GemmElement.E4M3
        && side.order() == GemmOperand.Order.CONTRACTED_LAST
        && side.alignment() >= ALIGNMENT;
  }

  private static List<BlockTiling> tilings(GemmProblem problem) {
    return problem.b().scaling() == GemmScaling.GROUP_128 ? GROUP_TILINGS : BLOCK_TILINGS;
  }

  private static String symbol(GemmProblem problem, BlockTiling tiling) {
    boolean groups = problem.b().scaling() == GemmScaling.GROUP_128;
    return "gemm_e4m3_e4m3_"
        + (groups ? "f32_1d1d" : "bf16_1d2d")
        + (problem.addend() == GemmProblem.Addend.NONE ? "" : "_add")
        + "_"
        + tiling;
  }
}
