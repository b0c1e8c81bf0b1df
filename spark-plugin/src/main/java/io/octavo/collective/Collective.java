package io.octavo.collective;

import io.octavo.tensor.Tensor;

/**
 * Collective operations over the ranks of one training attempt. Every rank calls the same
 * operations in the same order.
 *
 * <p>Each waits at most its deadline; then, or after {@link #abort}, it throws {@link
 * CollectiveException} that names the late rank and the operation.
 */
public interface Collective extends AutoCloseable {

  /** This rank, in {@code [0, worldSize)}. */
  int rank();

  /** Number of ranks. */
  int worldSize();

  /** {@code full} becomes the concatenation of every rank's {@code shard} (F32), by rank. */
  void allGather(Tensor shard, Tensor full);

  /**
   * Adds to {@code shard} (F32) the sum over ranks, in rank order, of this rank's part of their
   * {@code full}: part {@code r} is elements {@code [r n, (r+1) n)}, n the length of a shard.
   */
  void reduceScatterAdd(Tensor full, Tensor shard);

  /** Replaces {@code values} by their sums over ranks, taken in rank order. */
  void allReduceSum(double[] values);

  /** Returns when every rank has called it. */
  void barrier();

  /** Payload bytes this rank has sent since the start. */
  long bytesSent();

  /** Makes every operation in flight and to come fail with {@code reason}; from any thread. */
  void abort(String reason);

  @Override
  void close();
}
