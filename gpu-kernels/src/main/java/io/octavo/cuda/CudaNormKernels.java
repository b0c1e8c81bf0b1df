package io.octavo.cuda;

import io.octavo.kernel.NormKernels;
import io.octavo.tensor.Operand;
import io.octavo.tensor.Tensor;
import java.util.Optional;

/** RMSNorm with rows in registers where they fit, else by the plain kernels; see norm.cu. */
final class CudaNormKernels implements NormKernels {

  /** Threads of a block of the plain kernels. */
  private static final int THREADS = 256;

  /** Blocks of a sum over rows, whatever the device: they decide the order of the sum. */
  private static final int SUMMING_BLOCKS = 528;

  private static final int PLAIN_SUMMING_BLOCKS = 64;
  private static final int PARTIAL_SUMS = 2 << 20;
  private static final int BLOCKS_PER_MULTIPROCESSOR = 8;
  private static final int HEADS_OF_BLOCK = 4;
  private static final int WARP = 32;

  private final CudaContext context;
  private final TeamKernels forward;
  private final TeamKernels backward;
  private final KernelVariants forwardPlain;
  private final KernelVariants backwardPlain;
  private final KernelVariants weightGradientPlain;
  private final KernelVariants heads;
  private final ColumnSums columnSums;

  CudaNormKernels(CudaContext context) {
    this.context = context;
    KernelModule module = context.module("norm");
    this.forward = new TeamKernels(module, "rms_norm", 1, 2, 4);
    this.backward = new TeamKernels(module, "rms_norm_backward", 1, 2);
    this.forwardPlain = KernelVariants.readingOperands(module, "rms_norm", "plain");
    this.backwardPlain = KernelVariants.readingOperands(module, "rms_norm_backward", "plain");
    this.weightGradientPlain = KernelVariants.readingOperands(module, "weight_gradient", "plain");
    this.heads = KernelVariants.ofOneType(module, "rms_norm_heads", "x1");
    this.columnSums = new ColumnSums(context, module, PARTIAL_SUMS);
  }

  @Override
  public void rmsNorm(Operand x, Tensor weight, float eps, Tensor y, Tensor rstd) {
    Storage in = Storage.of(x);
    Storage out = Storage.of(y);
    Optional<TeamKernels.Choice> choice = Optional.empty();
    if (AccessWidth.of(y.columns(), Storage.data(x), weight, y) == AccessWidth.WIDE) {
      choice = forward.choose(in, out, y.columns(), packs(in));
    }
    int blocks =
        choice.isPresent()
            ? forwardByTeams(choice.get(), x, weight, eps, y, rstd)
            : forwardPlainly(x, weight, eps, y, rstd);
    context.amaxNote().leave(y, blocks);
  }

  /** Packs a thread, the fastest first: what a pack takes in registers differs. */
  private static int[] packs(Storage in) {
    return switch (in) {
      case F32 -> new int[] {1, 2, 4};
      case BF16 -> new int[] {4, 2, 1};
      case GROUP_16 -> new int[] {2, 4, 1};
    };
  }

  private int forwardByTeams(
      TeamKernels.Choice choice, Operand x, Tensor weight, float eps, Tensor y, Tensor rstd) {
    RowTeams teams = choice.teams();
    int each = teams.teams();
    int blocks =
        context.persistentBlocks(choice.blocksPerMultiprocessor(), (y.rows() + each - 1) / each);
    choice
        .kernel()
        .launch(
            Grid.of(blocks, teams.threads()),
            Storage.data(x),
            Storage.scales(x),
            weight,
            eps,
            y,
            rstd,
            y.rows(),
            y.columns(),
            teams.warps(),
            context.blockAmax());
    return blocks;
  }

  private int forwardPlainly(Operand x, Tensor weight, float eps, Tensor y, Tensor rstd) {
    int blocks = context.persistentBlocks(BLOCKS_PER_MULTIPROCESSOR, y.rows());
    forwardPlain
        .of(Storage.of(x), Storage.of(y))
        .launch(
            Grid.of(blocks, THREADS),
            Storage.data(x),
            Storage.scales(x),
            weight,
            eps,
            y,
            rstd,
            y.rows(),
            y.columns(),
            context.blockAmax());
    return blocks;
  }

  @Override
  public void rmsNormHeads(Tensor x, int firstHead, int heads, Tensor weight, float eps) {
    Storage type = Storage.of(x);
    this.heads
        .of(type, type)
        .launch(
            Grid.of(x.rows(), (heads + HEADS_OF_BLOCK - 1) / HEADS_OF_BLOCK, HEADS_OF_BLOCK * WARP),
            x,
            x.columns(),
            firstHead,
            heads,
            Math.toIntExact(weight.elements()),
            weight,
            eps);
  }

  @Override
  public void rmsNormBackward(
      Tensor dy, Operand x, Tensor weight, Tensor rstd, Tensor dx, Tensor dweight) {
    Storage in = Storage.of(x);
    Storage out = Storage.of(dx);
    Optional<TeamKernels.Choice> choice = Optional.empty();
    if (AccessWidth.of(dx.columns(), dy, Storage.data(x), weight, dx) == AccessWidth.WIDE) {
      choice = backward.choose(in, out, dx.columns(), 1, 2);
    }
    if (choice.isPresent()) {
      backwardByTeams(choice.get(), dy, x, weight, rstd, dx, dweight);
    } else {
      backwardPlainly(dy, x, weight, rstd, dx, dweight);
    }
  }

  private void backwardByTeams(
      TeamKernels.Choice choice,
      Tensor dy,
      Operand x,
      Tensor weight,
      Tensor rstd,
      Tensor dx,
      Tensor dweight) {
    RowTeams teams = choice.teams();
    int each = teams.teams();
    int most = Math.min(SUMMING_BLOCKS, columnSums.mostRows(dx.columns()) / each);
    int blocks = Math.max(1, Math.min(most, (dx.rows() + each - 1) / each));
    choice
        .kernel()
        .launch(
            Grid.of(blocks, teams.threads()),
            dy,
            Storage.data(x),
            Storage.scales(x),
            weight,
            rstd,
            dx,
            dx.rows(),
            dx.columns(),
            teams.warps(),
            columnSums.partials(),
            context.blockAmax());
    columnSums.addTo(dweight, blocks * each);
    context.amaxNote().leave(dx, blocks);
  }

  private void backwardPlainly(
      Tensor dy, Operand x, Tensor weight, Tensor rstd, Tensor dx, Tensor dweight) {
    Storage in = Storage.of(x);
    Storage out = Storage.of(dx);
    int columns = dx.columns();
    int parts = Math.min(PLAIN_SUMMING_BLOCKS, Math.min(dx.rows(), columnSums.mostRows(columns)));
    weightGradientPlain
        .of(in, out)
        .launch(
            Grid.of((columns + THREADS - 1) / THREADS, parts, THREADS),
            dy,
            Storage.data(x),
            Storage.scales(x),
            rstd,
            dx.rows(),
            columns,
            columnSums.partials());
    columnSums.addTo(dweight, parts);
    int blocks = context.persistentBlocks(BLOCKS_PER_MULTIPROCESSOR, dx.rows());
    backwardPlain
        .of(in, out)
        .launch(
            Grid.of(blocks, THREADS),
            dy,
            Storage.data(x),
            Storage.scales(x),
            weight,
            rstd,
            dx,
            dx.rows(),
            columns,
            context.blockAmax());
    context.amaxNote().leave(dx, blocks);
  }
}
