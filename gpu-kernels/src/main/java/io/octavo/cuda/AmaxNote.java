package io.octavo.cuda;

import io.octavo.tensor.Tensor;

/**
 * That the kernel launched last has written a tensor in full and left one amax a block of it in
 * {@link CudaContext#blockAmax}: a tensor-wise cast that follows at once need not read the tensor
 * twice. Any other work on the stream ends it.
 */
final class AmaxNote {

  private final Stream stream;
  private long address;
  private long bytes;
  private int blocks;
  private long launches;

  AmaxNote(Stream stream) {
    this.stream = stream;
  }

  /** Called by a producing kernel's family right after its launch on {@code blocks} blocks. */
  void leave(Tensor written, int producingBlocks) {
    DeviceBuffer buffer = DeviceBuffer.of(written);
    address = buffer.address();
    bytes = buffer.bytes();
    blocks = producingBlocks;
    launches = stream.launches();
  }

  /** How many entries hold the amax of exactly {@code values}; 0 where none do. */
  int blocksFor(Tensor values) {
    DeviceBuffer buffer = DeviceBuffer.of(values);
    boolean same = buffer.address() == address && buffer.bytes() == bytes;
    return same && launches == stream.launches() ? blocks : 0;
  }
}
