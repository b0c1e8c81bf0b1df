package io.octavo.cuda;

/**
 * Neighbouring blocks of a launch that see one another's shared memory.
 *
 * @param x blocks along x
 * @param z blocks along z
 */
record Cluster(int x, int z) {

  /** Every block by itself. */
  static final Cluster NONE = new Cluster(1, 1);

  static Cluster alongX(int blocks) {
    return new Cluster(blocks, 1);
  }

  static Cluster alongZ(int blocks) {
    return new Cluster(1, blocks);
  }
}
