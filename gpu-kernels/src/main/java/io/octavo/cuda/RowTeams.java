package io.octavo.cuda;

import java.util.Optional;

/**
 * How the threads of a block share rows that stay in registers: a team of whole warps takes a row,
 * each thread some packs of 8 numbers of it.
 *
 * @param packs packs a thread
 * @param warps warps a team
 * @param threads threads of a block
 */
record RowTeams(int packs, int warps, int threads) {

  private static final int WARP = 32;
  private static final int PACK = AccessWidth.WIDE.numbers();
  private static final int FEWEST_THREADS = 256;

  /**
   * Teams of {@code packs} packs a thread for rows of {@code columns} numbers; none where a row
   * needs more threads than {@code mostThreads}.
   */
  static Optional<RowTeams> of(int columns, int packs, int mostThreads) {
    int warps = 1;
    while (warps * WARP * PACK * packs < columns) {
      warps *= 2;
    }
    int threads = Math.max(FEWEST_THREADS, warps * WARP);
    return threads <= mostThreads
        ? Optional.of(new RowTeams(packs, warps, threads))
        : Optional.empty();
  }

  /** Rows that a block takes at once. */
  int teams() {
    return threads / WARP / warps;
  }
}
