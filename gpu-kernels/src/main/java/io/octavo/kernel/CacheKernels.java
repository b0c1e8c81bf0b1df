package io.octavo.kernel;

import io.octavo.tensor.Tensor;

/**
 * Keys and values in pages, and attention over them. A page holds {@value #PAGE} positions of all
 * key/value heads of one layer; a pool is many pages; a sequence's block table names its pages in
 * order of position. What lies inside a page is the backend's own business.
 *
 * <p>Keys and values are read from the pool alone, also those of the rows at hand, and pages are
 * gone through from the first: what a row gives depends neither on its neighbours nor on how its
 * sequence was cut.
 */
public interface CacheKernels {

  /** Positions of a page. */
  int PAGE = 16;

  /**
   * Extents of one layer's attention.
   *
   * @param window how many positions back a row sees, its own included; all where 0
   */
  record Geometry(
      CacheFormat format,
      int queryHeads,
      int keyValueHeads,
      int headSize,
      float scale,
      int window) {

    public Geometry {
      if (queryHeads % keyValueHeads != 0 || headSize % 2 != 0 || window < 0) {
        throw new IllegalArgumentException(
            "Invalid attention: %d query heads on %d key/value heads of %d, window %d"
                .formatted(queryHeads, keyValueHeads, headSize, window));
      }
    }

    /** Columns of queries, keys and values together. */
    public int qkvWidth() {
      return (queryHeads + 2 * keyValueHeads) * headSize;
    }

    /** Query heads that share a key/value head. */
    public int group() {
      return queryHeads / keyValueHeads;
    }

    /** The first position that a row of {@code length} positions sees. */
    public int firstSeen(int length) {
      return window == 0 ? 0 : Math.max(0, length - window);
    }
  }

  /**
   * Bytes of a page: {@value #PAGE} keys and values of every head, and, where they are codes, an
   * FP32 scale for each.
   */
  static long pageBytes(CacheFormat format, int keyValueHeads, int headSize) {
    long codes = (long) headSize * format.bits() / 8;
    long scale = format.element().isPresent() ? Float.BYTES : 0;
    return 2L * keyValueHeads * PAGE * (codes + scale);
  }

  /**
   * Writes the keys and values of {@code qkv[M, (Hq + 2 Hkv) D]}, rotated already, to the pool.
   *
   * @param slots {@code I32 [M]}: page times {@value #PAGE} plus place in it; -1 for a row that is
   *     not kept
   * @param pool U8, whole pages
   */
  void append(Geometry geometry, Tensor qkv, Tensor slots, Tensor pool);

  /**
   * Writes {@code out[M, Hq D]}: row {@code r} attends to the first {@code lengths[r]} positions of
   * its sequence, its own last among them, as far back as the window reaches.
   *
   * @param blockTable {@code I32 [S, P]}: pages of each sequence
   * @param sequence {@code I32 [M]}: rows of a sequence follow each other
   * @param lengths {@code I32 [M]}; 0 for a row that is not used
   */
  void attend(
      Geometry geometry,
      Tensor qkv,
      Tensor pool,
      Tensor blockTable,
      Tensor sequence,
      Tensor lengths,
      Tensor out);
}
