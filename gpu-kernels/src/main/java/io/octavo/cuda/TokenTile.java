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

  /** The largest of one warpgroup. */
  private static final int LARGE = 64;

  private static final int ALIGNMENT = 1024;
  private static final int MOST_STAGES = 16;
  private static final int TOKEN_BYTES = 128;
  private static final int WARPGROUP = 128;
  private static final int WARP = 32;

  /** Blocks of the largest tile that are enough to prefer it. */
  private static final int ENOUGH_BLOCKS = 100;

  /** Shared memory for stages, of blocks of which three, two, or one fit a multiprocessor. */
  private static final int SMALL_BUDGET = 70 << 10;

  private static final int MEDIUM_BUDGET = 98 << 10;
  private static final int LARGE_BUDGET = 216 << 10;

  /** Where blocks keep their tokens beside the stages. */
  private static final int CASTING_BUDGET = 56 << 10;

  /** Blocks that a device has room for at once: of the large tile two on a multiprocessor. */
  private static final int MEDIUM_BLOCKS = SlabWeight.MOST_BLOCKS / 3 * 2;

  /** For few rows, by blocks that cast them. */
  static TokenTile casting() {
    return new TokenTile(SMALLEST);
  }

  /** For the product of {@code rows} rows and a weight. */
  static TokenTile of(int rows, SlabWeight weight) {
    int tokens = SMALLEST;
    while (tokens < rows && tokens < LARGE) {
      tokens *= 2;
    }
    TokenTile largest = new TokenTile(LARGEST);
    int pairs = weight.tiles() / largest.groups();
    return rows > LARGE && pairs * largest.tiles(rows) >= ENOUGH_BLOCKS
        ? largest
        : new TokenTile(tokens);
  }

  /** At least as many rows of activations as any product of {@code rows} rows has. */
  static int mostPadded(int rows) {
    return new TokenTile(LARGEST).padded(rows);
  }

  /** Warpgroups that multiply. */
  int groups() {
    return tokens == LARGEST ? 2 : 1;
  }

  /** Threads of a block: one warp more copies, beside two warpgroups a third. */
  int threads() {
    return groups() == 1 ? WARPGROUP + WARP : (groups() + 1) * WARPGROUP;
  }

  /** Rows of activations, filled up to whole tiles. */
  int padded(int rows) {
    return tiles(rows) * tokens;
  }

  int tiles(int rows) {
    return (rows + tokens - 1) / tokens;
  }

  /** Blocks that share the segments of a row of slabs: all have one, or one has all. */
  int cluster(SlabWeight weight, int rows) {
    int room = tokens == LARGE ? MEDIUM_BLOCKS : SlabWeight.MOST_BLOCKS;
    boolean fits = weight.tiles() * tiles(rows) * weight.segments() <= room;
    return groups() == 1 && fits ? weight.segments() : 1;
  }

  /**
   * Dynamic shared memory, as {@code multiply} of linear.cu requires.
   *
   * @param slabs of a block
   */
  int sharedBytes(SlabForm form, int slabs) {
    int budget = groups() == 1 ? oneGroupBudget() : LARGE_BUDGET;
    int ring = ring(form, tokens * TOKEN_BYTES, budget, slabs);
    return Math.max(ring, sumBytes()) + sentBytes() + ALIGNMENT;
  }

  private int oneGroupBudget() {
    return (tokens == LARGE ? MEDIUM_BUDGET : SMALL_BUDGET) - sentBytes();
  }

  /** The same for blocks that cast their tokens themselves. */
  int sharedBytesCasting(SlabForm form, int slabs) {
    int ring = ring(form, 0, CASTING_BUDGET, slabs);
    return Math.max(ring, sumBytes()) + slabs * tokens * TOKEN_BYTES + sentBytes() + ALIGNMENT;
  }

  /** FP32 sums of a block, padded. */
  private int sumBytes() {
    return tokens * (groups() * SlabForm.ROWS + 4) * Float.BYTES;
  }

  /** Sums that blocks of a cluster send. */
  private int sentBytes() {
    return groups() == 1 ? tokens * SlabForm.ROWS * Float.BYTES : 0;
  }

  private int ring(SlabForm form, int tokenBytes, int budget, int slabs) {
    int scales = form.chunks() * SlabForm.ROWS * Float.BYTES;
    int copied = groups() * (form.bytes() + scales) + tokenBytes;
    int stage = (copied + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return Math.min(Math.min(budget / stage, MOST_STAGES), slabs) * stage;
  }
}
