package io.octavo.collective;

import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;

/**
 * How a whole vector falls into one equal shard a rank, and a shard into chunks of messages.
 *
 * @param elements of one shard
 * @param chunkElements of one message at most
 */
record Shards(long elements, int chunkElements) {

  /** Checks the operands of an operation; one chunk a shard. */
  static Shards of(String operation, Tensor shard, Tensor full, int worldSize) {
    return of(operation, shard, full, worldSize, Integer.MAX_VALUE);
  }

  static Shards of(String operation, Tensor shard, Tensor full, int worldSize, int chunkElements) {
    if (shard.type() != DataType.F32 || full.type() != DataType.F32) {
      throw new IllegalArgumentException(
          "Cannot %s %s and %s: only F32 is supported"
              .formatted(operation, shard.type(), full.type()));
    }
    if (full.elements() != shard.elements() * worldSize) {
      throw new IllegalArgumentException(
          "Cannot %s: the whole has %d elements (expected %d shards of %d)"
              .formatted(operation, full.elements(), worldSize, shard.elements()));
    }
    return new Shards(shard.elements(), chunkElements);
  }

  int chunks() {
    return Math.toIntExact((elements + chunkElements - 1) / chunkElements);
  }

  /** First element of a chunk within a shard. */
  long from(int chunk) {
    return (long) chunk * chunkElements;
  }

  /** Element after the last of a chunk within a shard. */
  long to(int chunk) {
    return Math.min(elements, from(chunk) + chunkElements);
  }

  /** One chunk of a shard. */
  Tensor ofShard(Tensor shard, int chunk) {
    return shard.range(from(chunk), to(chunk));
  }

  /** The same chunk of rank {@code rank}'s part of the whole. */
  Tensor ofFull(Tensor full, int rank, int chunk) {
    return full.range(rank * elements + from(chunk), rank * elements + to(chunk));
  }
}
