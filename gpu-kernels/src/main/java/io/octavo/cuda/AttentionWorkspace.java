package io.octavo.cuda;

import io.octavo.kernel.AttentionKernels.Geometry;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;

/**
 * Scratch of attention's backward pass, cut from one F32 tensor: sums of {@code dQ} in the order of
 * the tensor cores, then log-sum-exp in powers of two and {@code delta} by head, then the position
 * where each key's document ends (I32). Sequences are padded to whole tiles. The plain kernels use
 * the part of {@code delta} alone, by row.
 */
record AttentionWorkspace(Geometry geometry) {

  /** Positions of a sequence are padded to a multiple of this: the longest tile. */
  private static final int TILE = 128;

  int paddedTime() {
    return (geometry.time() + TILE - 1) / TILE * TILE;
  }

  private long statistics() {
    return (long) geometry.batch() * geometry.queryHeads() * paddedTime();
  }

  /** F32 elements of {@code dQ}'s sums. */
  private long sums() {
    return statistics() * geometry.headSize();
  }

  private long ends() {
    return (long) geometry.batch() * paddedTime();
  }

  /** F32 elements in all. */
  long elements() {
    return sums() + 2 * statistics() + ends();
  }

  Tensor querySums(Tensor workspace) {
    return flat(workspace).range(0, sums());
  }

  Tensor logSumExp(Tensor workspace) {
    return flat(workspace).range(sums(), sums() + statistics());
  }

  Tensor delta(Tensor workspace) {
    return flat(workspace).range(sums() + statistics(), sums() + 2 * statistics());
  }

  Tensor documentEnd(Tensor workspace) {
    long offset = (sums() + 2 * statistics()) * DataType.F32.bytes();
    return new Tensor(Shape.of(ends()), workspace.buffer().window(DataType.I32, offset, ends()));
  }

  private static Tensor flat(Tensor workspace) {
    return workspace.reshape(workspace.elements());
  }
}
