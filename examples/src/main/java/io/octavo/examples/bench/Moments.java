package io.octavo.examples.bench;

import io.octavo.kernel.Arena;
import io.octavo.kernel.Backend;
import io.octavo.kernel.OptimizerKernels;
import io.octavo.optim.MomentFormat;
import io.octavo.optim.MomentSlots;
import io.octavo.tensor.ArenaPlan;
import io.octavo.tensor.MemoryKind;

/** Both moments of weights, as before the first step. */
final class Moments implements AutoCloseable {

  private final Arena arena;
  private final long bytes;
  private final OptimizerKernels.Moment first;
  private final OptimizerKernels.Moment second;

  Moments(Backend backend, MomentFormat format, long count) {
    ArenaPlan plan = new ArenaPlan();
    MomentSlots ofFirst = MomentSlots.reserve(plan, format, "first", count);
    MomentSlots ofSecond = MomentSlots.reserve(plan, format, "second", count);
    bytes = plan.bytes(MemoryKind.MOMENTS);
    arena = Arena.allocate(plan, backend);
    first = MomentSlots.moment(ofFirst.tensors(arena), 0, count);
    second = MomentSlots.moment(ofSecond.tensors(arena), 0, count);
    backend.optimizer().reset(first);
    backend.optimizer().reset(second);
  }

  OptimizerKernels.Moment first() {
    return first;
  }

  OptimizerKernels.Moment second() {
    return second;
  }

  /** What an update reads and writes of them. */
  long moved() {
    return 2 * bytes;
  }

  @Override
  public void close() {
    arena.close();
  }
}
