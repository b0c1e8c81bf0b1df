package io.octavo.cpu;

/** One page before one query at a time, and what is known of the queries so far. */
final class PageVisit {

  /** Queries, {@link #stride} apart, then as many means of values, not yet divided by weights. */
  final float[] queries;

  /** Keys, {@code [size][position]}. */
  final float[] keys;

  /** Values, {@link #stride} apart. */
  final float[] values;

  /** Elements of a key, a multiple of 2. */
  final int size;

  /** Elements with padding, a multiple of {@link CacheLoops#UNIT}. */
  final int stride;

  /** Factor of scores. */
  final float scale;

  /** The page's scores, then weights, of the query. */
  final float[] scores;

  /** {@link CacheLoops#STATE} numbers a query. */
  final float[] state;

  /** Where the query starts. */
  int query;

  /** Where its mean starts. */
  int mean;

  /** Where its state starts. */
  int stateAt;

  /** First position that it sees. */
  int begin;

  /** Behind the last. */
  int end;

  /** What its weights before this page shrink by. */
  float keep;

  PageVisit(
      float[] queries,
      float[] keys,
      float[] values,
      int size,
      int stride,
      float scale,
      float[] scores,
      float[] state) {
    this.queries = queries;
    this.keys = keys;
    this.values = values;
    this.size = size;
    this.stride = stride;
    this.scale = scale;
    this.scores = scores;
    this.state = state;
  }
}
