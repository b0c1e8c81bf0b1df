package io.octavo.cuda;

import io.octavo.kernel.EmbeddingKernels;
import io.octavo.tensor.Tensor;

/** Rows of a table by token id; see embedding.cu. */
final class CudaEmbeddingKernels implements EmbeddingKernels {

  private static final int THREADS = 256;

  /** Numbers that a block of gather copies at once: packs of 4 for each thread. */
  private static final int PACKS_AHEAD = 4;

  private static final int GATHER_BLOCKS_PER_MULTIPROCESSOR = 8;

  private static final int SCATTER_THREADS = 512;
  private static final int SCATTER_BLOCKS_PER_MULTIPROCESSOR = 2;

  /** Ids that a block may own: MOST_BINS of embedding.cu. */
  private static final int MOST_BINS = 1024;

  private final CudaContext context;
  private final WidthVariants gather;
  private final KernelVariants scatterAddWide;
  private final KernelVariants scatterAddSingle;

  CudaEmbeddingKernels(CudaContext context) {
    this.context = context;
    KernelModule module = context.module("embedding");
    this.gather =
        new WidthVariants(suffix -> KernelVariants.betweenNumbers(module, "gather", suffix));
    this.scatterAddWide = KernelVariants.ofOneType(module, "scatter_add", "x8");
    this.scatterAddSingle = KernelVariants.ofOneType(module, "scatter_add", "x1");
  }

  @Override
  public void gather(Tensor table, Tensor ids, Tensor out) {
    AccessWidth width = AccessWidth.of(out.columns(), table, out);
    long each = (long) THREADS * PACKS_AHEAD * width.numbers();
    int blocks =
        context.persistentBlocks(
            GATHER_BLOCKS_PER_MULTIPROCESSOR, (out.elements() + each - 1) / each);
    gather
        .of(width, Storage.of(table), Storage.of(out))
        .launch(Grid.of(blocks, THREADS), table, ids, out, out.rows(), out.columns());
  }

  /** Sums are those of a plain loop over {@code m}, to the bit. */
  @Override
  public void scatterAdd(Tensor dout, Tensor ids, Tensor dtable) {
    boolean wide = AccessWidth.of(dout.columns(), dout, dtable) == AccessWidth.WIDE;
    KernelVariants variants = wide ? scatterAddWide : scatterAddSingle;
    int fewest = (dtable.rows() + MOST_BINS - 1) / MOST_BINS;
    int blocks =
        Math.max(fewest, context.persistentBlocks(SCATTER_BLOCKS_PER_MULTIPROCESSOR, dout.rows()));
    Storage type = Storage.of(dout);
    variants
        .of(type, type)
        .launch(Grid.of(blocks, SCATTER_THREADS), dout, ids, dtable, dout.rows(), dout.columns());
  }
}
