package io.octavo.cuda;

import io.octavo.kernel.AttentionKernels.Geometry;
import io.octavo.tensor.DataType;
import java.util.List;

/**
 * Launch sizes of attention on Hopper for one head size: the numbers of {@code Shape} in {@code
 * attention_forward.cu} and {@code attention_backward.cu}, which must agree.
 */
record HopperAttentionLaunch(int headSize) {

  /** Rows of a tile of keys and values. */
  static final int KEY_ROWS = 128;

  /** Rows of a box of queries in the forward pass: those of one warpgroup. */
  static final int FORWARD_QUERY_BOX = 64;

  private static final int WARPGROUP = 128;
  private static final int BARRIER_BYTES = 256;
  private static final int ALIGNMENT_BYTES = 1024;

  /** What heads at work at the same time may take of the L2 cache (50 MB on H100, 60 on H200). */
  private static final long CACHE_BYTES = 32L << 20;

  /** Head sizes for which there are kernels. */
  static final List<Integer> HEAD_SIZES = List.of(64, 128);

  /** The kernels are machine code of this one architecture. */
  static boolean supports(Device device) {
    return device.capability() == 90;
  }

  private int forwardWarpgroups() {
    return headSize == 64 ? 3 : 2;
  }

  private int forwardQueryRows() {
    return FORWARD_QUERY_BOX * forwardWarpgroups();
  }

  Grid forward(Geometry g, int multiprocessors) {
    int stages = headSize == 64 ? 4 : 2;
    int shared = bf16(2 * forwardQueryRows() + 2 * stages * KEY_ROWS, headSize);
    long items = (long) tiles(g.time(), forwardQueryRows()) * g.batch() * g.queryHeads();
    return Grid.of(Math.min(items, multiprocessors), WARPGROUP * (forwardWarpgroups() + 1))
        .withShared(shared + BARRIER_BYTES + ALIGNMENT_BYTES);
  }

  /** Query heads whose keys and values the L2 cache holds together. */
  int forwardSection(Geometry g) {
    long bytes = bf16Long(2L * g.time(), headSize);
    return section(bytes, g.batch() * g.keyValueHeads()) * group(g);
  }

  /** Rows of a tile of queries in the backward pass. */
  int backwardQueryRows() {
    return headSize == 64 ? 128 : 64;
  }

  Grid backward(Geometry g, int multiprocessors) {
    int rows = backwardQueryRows();
    int operands = bf16(2 * KEY_ROWS + 4 * rows, headSize);
    int scores = bf16(2 * KEY_ROWS, rows);
    int statistics = 4 * rows * DataType.F32.bytes();
    int sums = 2 * 64 * 64 * DataType.F32.bytes();
    long items = (long) tiles(g.time(), KEY_ROWS) * g.batch() * g.keyValueHeads();
    return Grid.of(Math.min(items, multiprocessors), 3 * WARPGROUP)
        .withShared(operands + scores + statistics + sums + BARRIER_BYTES + ALIGNMENT_BYTES);
  }

  /**
   * Key heads at work at the same time: those whose operands and sums of {@code dQ} the L2 cache
   * holds together, but enough for four rounds of items, because the long ones must come first for
   * all blocks to end together.
   */
  int backwardSection(Geometry g, int multiprocessors) {
    int perQueryHead = 2 + 2; // Q and dout, and twice as many bytes of sums
    long bytes = bf16Long((2L + (long) perQueryHead * group(g)) * g.time(), headSize);
    int tiles = tiles(g.time(), KEY_ROWS);
    int balanced = (4 * multiprocessors + tiles - 1) / tiles;
    int heads = g.batch() * g.keyValueHeads();
    return Math.min(heads, Math.max(balanced, section(bytes, heads)));
  }

  private static int section(long bytesOfHead, int heads) {
    return (int) Math.max(1, Math.min(heads, CACHE_BYTES / bytesOfHead));
  }

  private static int group(Geometry g) {
    return g.queryHeads() / g.keyValueHeads();
  }

  private static int tiles(int time, int rows) {
    return (time + rows - 1) / rows;
  }

  private static int bf16(int rows, int columns) {
    return Math.toIntExact(bf16Long(rows, columns));
  }

  private static long bf16Long(long rows, int columns) {
    return rows * columns * DataType.BF16.bytes();
  }
}
