package io.octavo.kernel;

import io.octavo.tensor.ArenaPlan;
import io.octavo.tensor.Buffer;
import io.octavo.tensor.Tensor;

/** One allocation on a device, cut up as an {@link ArenaPlan} says. Zeroed at the start. */
public final class Arena implements AutoCloseable {

  private final Buffer memory;

  private Arena(Buffer memory) {
    this.memory = memory;
  }

  /** Allocates all memory of {@code plan} at once. */
  public static Arena allocate(ArenaPlan plan, Backend backend) {
    return new Arena(backend.allocate(Math.max(plan.bytes(), ArenaPlan.ALIGNMENT)));
  }

  /** The tensor that a slot reserved. */
  public Tensor tensor(ArenaPlan.Slot slot) {
    return new Tensor(
        slot.shape(), memory.window(slot.type(), slot.byteOffset(), slot.shape().elements()));
  }

  @Override
  public void close() {
    memory.close();
  }
}
