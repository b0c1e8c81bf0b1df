package io.octavo.cuda;

import io.octavo.kernel.RotaryKernels;
import io.octavo.tensor.Tensor;

/** Rotary position embedding; see rotary.cu. */
final class CudaRotaryKernels implements RotaryKernels {

  private static final int THREADS = 256;

  /** Heads that a thread turns by one angle: HEADS_AHEAD of rotary.cu. */
  private static final int HEADS_AHEAD = 4;

  private static final int BLOCKS_PER_MULTIPROCESSOR = 8;

  private final CudaContext context;
  private final WidthVariants rotate;

  CudaRotaryKernels(CudaContext context) {
    this.context = context;
    KernelModule module = context.module("rotary");
    this.rotate = new WidthVariants(suffix -> KernelVariants.ofOneType(module, "rotate", suffix));
  }

  /** Backward also takes the amax of whole rows: their cast comes next. */
  @Override
  public void rotate(
      Tensor x, int heads, Tensor positions, Tensor cosine, Tensor sine, Direction direction) {
    int half = cosine.columns();
    AccessWidth width =
        half % AccessWidth.WIDE.numbers() == 0
            ? AccessWidth.of(x.columns(), x, cosine, sine)
            : AccessWidth.SINGLE;
    long each = (long) THREADS * HEADS_AHEAD * 2 * width.numbers();
    int blocks =
        context.persistentBlocks(BLOCKS_PER_MULTIPROCESSOR, (x.elements() + each - 1) / each);
    boolean backward = direction == Direction.BACKWARD;
    rotate
        .of(width, Storage.of(x))
        .launch(
            Grid.of(blocks, THREADS),
            x,
            x.rows(),
            x.columns(),
            heads,
            half,
            positions,
            cosine,
            sine,
            backward ? -1f : 1f,
            backward ? 1 : 0,
            context.blockAmax());
    if (backward) {
      context.amaxNote().leave(x, blocks);
    }
  }
}
