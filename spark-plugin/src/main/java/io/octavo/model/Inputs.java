package io.octavo.model;

import io.octavo.kernel.Arena;
import io.octavo.tensor.ArenaPlan;
import io.octavo.tensor.DataType;
import io.octavo.tensor.MemoryKind;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import java.nio.IntBuffer;

/**
 * A {@link MicroBatch} on the device, in one vector so that it arrives with one copy.
 *
 * @param all I32 {@code [4, M]}: the four that follow
 * @param ids {@code [M]}
 * @param targets {@code [M]}
 * @param positions {@code [M]}
 * @param documentStart {@code [M]}
 */
record Inputs(Tensor all, Tensor ids, Tensor targets, Tensor positions, Tensor documentStart) {

  static ArenaPlan.Slot reserve(ArenaPlan plan, String name, int rows) {
    return plan.reserve(MemoryKind.WORKSPACE, name, DataType.I32, Shape.of(4, rows));
  }

  static Inputs bind(ArenaPlan.Slot slot, Arena arena) {
    Tensor all = arena.tensor(slot);
    return new Inputs(all, row(all, 0), row(all, 1), row(all, 2), row(all, 3));
  }

  private static Tensor row(Tensor all, int row) {
    return all.rowRange(row, row + 1L).reshape(all.columns());
  }

  /** Writes the host's form of {@link #all}. */
  static void write(MicroBatch batch, IntBuffer target) {
    target.put(batch.ids()).put(batch.targets()).put(batch.positions()).put(batch.documentStart());
  }
}
