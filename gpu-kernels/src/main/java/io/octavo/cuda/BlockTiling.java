package io.octavo.cuda;

/**
 * How {@code gemm_blockwise.cu} cuts a product: the numbers of {@code Tiling} there, which must
 * agree.
 *
 * @param rows of a block's tile
 * @param columns of a block's tile
 * @param warpgroups that multiply; one more loads
 * @param stages of the ring of operands
 * @param common what the two blocks of a cluster load for each other
 */
record BlockTiling(int rows, int columns, int warpgroups, int stages, Common common) {

  /** An operand of both blocks of a cluster. */
  enum Common {
    /** The cluster computes tiles that are neighbours along a row of the result. */
    A,
    /** The cluster computes tiles that are neighbours along a column. */
    B
  }

  /** Depth of a stage: the width of a group, a byte a code. */
  static final int DEPTH = 128;

  /** Blocks of a cluster. */
  static final int CLUSTER = 2;

  /** Extents of the boxes in which results in BF16 leave. */
  static final int RESULT_BOX_ROWS = 16;

  static final int RESULT_BOX_COLUMNS = 64;

  private static final int WARPGROUP = 128;
  private static final int BOX_BYTES = RESULT_BOX_ROWS * 128;

  /** Four groups each of two blocks. */
  private static final int BLOCK_SCALE_BYTES = 32;

  int aBoxRows() {
    return common == Common.A ? rows / CLUSTER : rows;
  }

  int bBoxRows() {
    return common == Common.B ? columns / CLUSTER : columns;
  }

  /** The launch of a product of a kind on a device with so many multiprocessors. */
  Grid grid(GemmProblem problem, int multiprocessors) {
    long tall = common == Common.B ? CLUSTER * rows : rows;
    long wide = common == Common.A ? CLUSTER * columns : columns;
    long clusters = ((problem.m() + tall - 1) / tall) * ((problem.n() + wide - 1) / wide);
    long blocks = CLUSTER * Math.min(clusters, multiprocessors / CLUSTER);
    return Grid.of(blocks, WARPGROUP * (warpgroups + 1)).withShared(sharedBytes(problem));
  }

  private int sharedBytes(GemmProblem problem) {
    boolean groups = problem.b().scaling() == GemmScaling.GROUP_128;
    int scales = rows * Float.BYTES + (groups ? columns * Float.BYTES : BLOCK_SCALE_BYTES);
    int stage = (rows + columns) * DEPTH + scales + 2 * Long.BYTES;
    int warps = 4 * warpgroups;
    int boxes = problem.result() == GemmElement.BF16 ? columns / RESULT_BOX_COLUMNS : 0;
    return stages * stage + warps * (boxes * BOX_BYTES + Long.BYTES);
  }

  @Override
  public String toString() {
    return rows + "x" + columns;
  }
}
