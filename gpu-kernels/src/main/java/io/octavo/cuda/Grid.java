package io.octavo.cuda;

/**
 * Extents of one launch.
 *
 * @param x blocks along x
 * @param y blocks along y
 * @param z blocks along z
 * @param threads threads of a block, one-dimensional
 * @param sharedBytes dynamic shared memory of a block; more than 48 KiB needs no further call
 */
record Grid(int x, int y, int z, int threads, int sharedBytes) {

  /** A line of blocks. */
  static Grid of(long blocks, int threads) {
    return new Grid(Math.toIntExact(blocks), 1, 1, threads, 0);
  }

  /** A rectangle of blocks. */
  static Grid of(long x, long y, int threads) {
    return new Grid(Math.toIntExact(x), Math.toIntExact(y), 1, threads, 0);
  }

  /** A box of blocks. */
  static Grid of(long x, long y, long z, int threads) {
    return new Grid(Math.toIntExact(x), Math.toIntExact(y), Math.toIntExact(z), threads, 0);
  }

  /** A line of just enough blocks for {@code items} items, {@code each} of them a block. */
  static Grid covering(long items, long each, int threads) {
    return of((items + each - 1) / each, threads);
  }

  /** The same launch with dynamic shared memory. */
  Grid withShared(int bytes) {
    return new Grid(x, y, z, threads, bytes);
  }
}
