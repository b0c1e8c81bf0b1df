package io.octavo.kernel;

import io.octavo.tensor.ArenaPlan;
import io.octavo.tensor.Buffer;
import io.octavo.tensor.MemoryKind;
import io.octavo.tensor.Tensor;
import java.util.Locale;

/** One allocation on a device, cut up as an {@link ArenaPlan} says. Zeroed at the start. */
public final class Arena implements AutoCloseable {

  private final Buffer memory;

  private Arena(Buffer memory) {
    this.memory = memory;
  }

  /**
   * Allocates all memory of {@code plan} at once.
   *
   * @throws IllegalArgumentException where the device has less than that free
   */
  public static Arena allocate(ArenaPlan plan, Backend backend) {
    long free = backend.freeBytes();
    if (plan.bytes() > free) {
      throw tooLarge(plan, backend, free);
    }
    try {
      return new Arena(backend.allocate(Math.max(plan.bytes(), ArenaPlan.ALIGNMENT)));
    } catch (IllegalStateException e) {
      // Ranks that share a device may all have found it free: who comes last says what is left.
      long left = backend.freeBytes();
      throw plan.bytes() > left ? sinceTaken(plan, backend, left, e) : e;
    }
  }

  private static IllegalArgumentException sinceTaken(
      ArenaPlan plan, Backend backend, long left, IllegalStateException cause) {
    IllegalArgumentException refusal = tooLarge(plan, backend, left);
    refusal.initCause(cause);
    return refusal;
  }

  private static IllegalArgumentException tooLarge(ArenaPlan plan, Backend backend, long free) {
    return new IllegalArgumentException(
        "Cannot allocate the planned %.2f GiB on %s: %.2f GiB are free; lower the micro-batch or the sequence length, choose a recipe that keeps less, use more ranks, or let fewer ranks share a device%n%s"
            .formatted(plan.bytes() / 0x1p30, backend.name(), free / 0x1p30, table(plan)));
  }

  private static String table(ArenaPlan plan) {
    StringBuilder table = new StringBuilder();
    for (MemoryKind kind : MemoryKind.values()) {
      table.append(
          String.format(
              Locale.ROOT,
              "  %-18s %10.1f MiB%n",
              kind.name().toLowerCase(Locale.ROOT),
              plan.bytes(kind) / 0x1p20));
    }
    return table.toString();
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
