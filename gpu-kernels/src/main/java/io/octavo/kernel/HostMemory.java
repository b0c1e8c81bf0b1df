package io.octavo.kernel;

import io.octavo.quant.Recipe;
import io.octavo.tensor.Buffer;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;

/** Memory of the backends that compute on the host; knows what was not given back. */
public abstract class HostMemory implements Backend {

  private final AtomicInteger live = new AtomicInteger();

  @Override
  public Buffer allocate(long bytes) {
    live.incrementAndGet();
    return HostBuffer.allocate(bytes, live::decrementAndGet);
  }

  @Override
  public void upload(ByteBuffer source, Tensor target) {
    HostBuffer.of(target).byteView().put(source.duplicate());
  }

  @Override
  public void download(Tensor source, ByteBuffer target) {
    target.duplicate().put(HostBuffer.of(source).byteView());
  }

  @Override
  public void copy(Tensor source, Tensor target) {
    HostBuffer.of(target).byteView().put(HostBuffer.of(source).byteView());
  }

  @Override
  public void zero(Tensor target) {
    HostBuffer.of(target).fillZero();
  }

  @Override
  public DataType activationType(Recipe recipe) {
    return DataType.F32;
  }

  @Override
  public Replay capture(Runnable work) {
    work.run();
    return work::run;
  }

  @Override
  public long ownBytes() {
    return 0;
  }

  @Override
  public long freeBytes() {
    return Long.MAX_VALUE;
  }

  @Override
  public void synchronize() {
    // Host kernels have finished when they return.
  }

  /**
   * Ends the backend.
   *
   * @throws IllegalStateException where buffers are still open
   */
  @Override
  public void close() {
    if (live.get() != 0) {
      throw new IllegalStateException(
          "Cannot close backend %s: %d buffers are still open".formatted(name(), live.get()));
    }
  }
}
