package io.octavo.cuda;

import io.octavo.kernel.AttentionKernels.Geometry;
import io.octavo.tensor.Tensor;

/**
 * Where queries, keys and values begin in one tensor {@code [M, (Hq + 2 Hkv) D]}, and the elements
 * from one row to the next, which all three share.
 */
record QkvAddresses(long queries, long keys, long values, long rowElements) {

  static QkvAddresses of(Geometry g, Tensor qkv) {
    long start = DeviceBuffer.address(qkv);
    long keys = start + (long) g.queryHeads() * g.headSize() * qkv.type().bytes();
    long values = keys + (long) g.keyValueHeads() * g.headSize() * qkv.type().bytes();
    return new QkvAddresses(start, keys, values, qkv.columns());
  }
}
