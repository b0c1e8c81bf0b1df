package io.octavo.tensor;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * The layout of all memory of a rank, filled before anything is allocated. Reserving gives a {@link
 * Slot}; {@code kernel.Arena} turns slots into tensors. Slots start at multiples of {@value
 * #ALIGNMENT} bytes.
 */
public final class ArenaPlan {

  /** Alignment of every slot: a cache line, and what vector loads and tensor cores want. */
  public static final int ALIGNMENT = 64;

  /** A reserved place: where it starts, and what will lie there. */
  public record Slot(String name, MemoryKind kind, DataType type, Shape shape, long byteOffset) {

    /** Size without padding. */
    public long bytes() {
      return shape.elements() * type.bytes();
    }
  }

  private final List<Slot> slots = new ArrayList<>();
  private final Map<MemoryKind, Long> bytesByKind = new EnumMap<>(MemoryKind.class);
  private long bytes;

  /** Reserves room for a tensor; {@code name} appears in error messages and in the table. */
  public Slot reserve(MemoryKind kind, String name, DataType type, Shape shape) {
    Slot slot = new Slot(name, kind, type, shape, bytes);
    slots.add(slot);
    long padded = (slot.bytes() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    bytes = Math.addExact(bytes, padded);
    bytesByKind.merge(kind, padded, Long::sum);
    return slot;
  }

  /** All slots in the order they were reserved. */
  public List<Slot> slots() {
    return List.copyOf(slots);
  }

  /** Bytes of the whole arena, padding included. */
  public long bytes() {
    return bytes;
  }

  /** Bytes reserved for one purpose, padding included. */
  public long bytes(MemoryKind kind) {
    return bytesByKind.getOrDefault(kind, 0L);
  }
}
