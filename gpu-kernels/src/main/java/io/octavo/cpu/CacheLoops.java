package io.octavo.cpu;

import io.octavo.kernel.CacheKernels;

/**
 * Inner loops over a page of cached keys and values. Keys are {@code [d][position]}, so that scores
 * of all positions come side by side; values are {@code [position][d]}.
 */
interface CacheLoops {

  /** Elements that lines are padded to a multiple of. */
  int UNIT = 32;

  /** What is kept of a query: sums of its weights, by place in a page, and its largest score. */
  int STATE = CacheKernels.PAGE + 1;

  /** Loops of the Vector API where its module is present, else scalar ones. */
  static CacheLoops best() {
    return VectorModule.present() ? new VectorCacheLoops() : new ScalarCacheLoops();
  }

  /** {@code out = value factor} of E4M3 codes; {@code count} is a multiple of {@value #UNIT}. */
  void widenE4m3(byte[] codes, int from, float factor, float[] out, int to, int count);

  /** {@code out = value} of finite IEEE binary16 numbers; {@code count} as above. */
  void widenHalf(short[] codes, int from, float[] out, int to, int count);

  /** 4-bit integers of a page of keys: byte {@code [d / 2][j]} holds the even {@code d} below. */
  void widenPairs(byte[] codes, float[] out, int count);

  /** {@code x[d][j] *= factors[j]}: a page of keys by the scales of its positions. */
  void scaleColumns(float[] x, float[] factors, int count);

  /** A page's scores for a query join its running maximum, sums of weights and mean. */
  void visit(PageVisit page);
}
