package io.octavo.collective;

import io.octavo.kernel.Backend;
import io.octavo.tensor.Tensor;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** One rank that is the whole world. */
public final class LocalCollective implements Collective {

  private final Backend backend;
  private final AtomicReference<@Nullable String> abortReason = new AtomicReference<>();

  public LocalCollective(Backend backend) {
    this.backend = backend;
  }

  @Override
  public int rank() {
    return 0;
  }

  @Override
  public int worldSize() {
    return 1;
  }

  @Override
  public void allGather(Tensor shard, Tensor full) {
    check();
    Shards.of("allGather", shard, full, 1);
    backend.copy(shard, full);
  }

  @Override
  public void reduceScatterAdd(Tensor full, Tensor shard) {
    check();
    Shards.of("reduceScatterAdd", shard, full, 1);
    backend.activation().add(full, shard);
  }

  @Override
  public void allReduceSum(double[] values) {
    check();
  }

  @Override
  public void barrier() {
    check();
  }

  @Override
  public long bytesSent() {
    return 0;
  }

  @Override
  public void abort(String reason) {
    abortReason.compareAndSet(null, reason);
  }

  @Override
  public void close() {}

  private void check() {
    String reason = abortReason.get();
    if (reason != null) {
      throw new CollectiveException(reason);
    }
  }
}
