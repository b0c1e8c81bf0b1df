package io.octavo.cuda;

/**
 * How many tokens a block of a linear layer's product takes, with the launch that follows from it:
 * the fewest that cover the rows, at most 128. Small ones leave a warpgroup 64 rows of the weight
 * and split K over a cluster; the largest has two warpgroups and goes through K alone.
 *
 * @param tokens 8 to 128
 */
record TokenTile(int tokens) {

  private static final int SMALLEST = 8;
  private static final int LARGEST = 128;
  private static final int ALIGNMENT = 1024;
  private static final int MOST_STAGES = 16;
  private static final int TOKEN_BYTES = 128;

  /** Shared memory for stages: two blocks of a small tile on a multiprocessor, or one large. */
  private static final int SMALL_BUDGET = 100 << 10;

  /** Where blocks keep their tokens beside the stages. */
  private static final int CASTING_BUDGET = 80 << 10;

  private static final int LARGE_BUDGET = 216 << 10;

  static TokenTile of(int rows) {
    int tokens = SMALLEST;
    while (tokens < rows && tokens < LARGEST) {
      tokens *= 2;
    }
    return new TokenTile(tokens);
  }

  /** Warpgroups that multiply. */
  int groups() {
    return tokens == LARGEST ? 2 : 1;
  }

  /** Threads of a block: one more warpgroup copies. */
  int threads() {
    return 128 * (groups() + 1);
  }

  /** Rows of activations, filled up to whole tiles. */
  int padded(int rows) {
    return tiles(rows) * tokens;
  }

  int tiles(int rows) {
    return (rows + tokens - 1) / tokens;
  }

  /** Blocks that share the segments of a row of slabs. */
  int cluster(int segments) {
    return groups() == 1 ? segments : 1;
  }

  /** {@code Shape::shared_bytes} of linear.cu. */
  int sharedBytes(SlabForm form) {
    int ring = ring(form, tokens * TOKEN_BYTES, groups() == 1 ? SMALL_BUDGET : LARGE_BUDGET);
    int sums = tokens * (groups() * SlabForm.ROWS + 4) * Float.BYTES;
    return Math.max(ring, sums) + ALIGNMENT;
  }

  /** The same for blocks that cast their tokens of {@code slabs} slabs themselves. */
  int sharedBytesCasting(SlabForm form, int slabs) {
    return ring(form, 0, CASTING_BUDGET) + ALIGNMENT + slabs * tokens * TOKEN_BYTES;
  }

  private int ring(SlabForm form, int tokenBytes, int budget) {
    int scales = form.chunks() * SlabForm.ROWS * Float.BYTES;
    int copied = groups() * (form.bytes() + scales) + tokenBytes;
    int stage = (copied + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return Math.min(budget / stage, MOST_STAGES) * stage;
  }
}
