package io.octavo.tensor;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * The layout of all memory of a rank, filled before anything is allocated. Reserving gives a {@link
 * Slot}; {@code kernel.Arena} turns slots into tensors. Large slots start at multiples of {@value
 * #ALIGNMENT} bytes, small ones of a cache line.
 */
public final class ArenaPlan {

  /** Alignment of matrices: what vector loads, tensor cores and cuBLASLt's best kernels want. */
  public static final int ALIGNMENT = 256;

  private static final int CACHE_LINE = 64;

  /** Bytes from which a slot is worth the full alignment. */
  private static final int LARGE = 1 << 16;

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
    boolean large = shape.elements() * type.bytes() >= LARGE;
    Slot slot = new Slot(name, kind, type, shape, aligned(bytes, large ? ALIGNMENT : CACHE_LINE));
    slots.add(slot);
    long end = aligned(Math.addExact(slot.byteOffset(), slot.bytes()), CACHE_LINE);
    bytesByKind.merge(kind, end - bytes, Long::sum);
    bytes = end;
    return slot;
  }

  private static long aligned(long offset, int alignment) {
    return Math.addExact(offset, alignment - 1) / alignment * alignment;
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
