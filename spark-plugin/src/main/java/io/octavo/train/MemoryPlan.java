package io.octavo.train;

import io.octavo.tensor.ArenaPlan;
import io.octavo.tensor.MemoryKind;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/**
 * What a rank will allocate, to the byte, known before it does.
 *
 * @param bytes by purpose, alignment included
 * @param parameters weights of the whole model
 * @param worldSize ranks the plan is for
 */
public record MemoryPlan(Map<MemoryKind, Long> bytes, long parameters, int worldSize) {

  static MemoryPlan of(ArenaPlan arena, long parameters, int worldSize) {
    Map<MemoryKind, Long> bytes = new EnumMap<>(MemoryKind.class);
    for (MemoryKind kind : MemoryKind.values()) {
      bytes.put(kind, arena.bytes(kind));
    }
    return new MemoryPlan(bytes, parameters, worldSize);
  }

  /** Bytes of the whole arena. */
  public long totalBytes() {
    return bytes.values().stream().mapToLong(Long::longValue).sum();
  }

  /** Bytes for one purpose. */
  public long bytes(MemoryKind kind) {
    return bytes.getOrDefault(kind, 0L);
  }

  /** Bytes that both moments take for each parameter, over all ranks. */
  public double momentBytesPerParameter() {
    return (double) bytes(MemoryKind.MOMENTS) * worldSize / parameters;
  }

  /** Bytes of masters, gradients and moments for each parameter, over all ranks. */
  public double stateBytesPerParameter() {
    long state =
        bytes(MemoryKind.PARAMETERS) + bytes(MemoryKind.GRADIENTS) + bytes(MemoryKind.MOMENTS);
    return (double) state * worldSize / parameters;
  }

  /** The table, one row a purpose, in MiB and bytes a parameter. */
  public String table() {
    StringBuilder table = new StringBuilder();
    table.append(
        String.format(
            Locale.ROOT, "memory of each of %d ranks, %,d parameters%n", worldSize, parameters));
    bytes.forEach((kind, size) -> table.append(row(kind.name().toLowerCase(Locale.ROOT), size)));
    return table.append(row("total", totalBytes())).toString();
  }

  private String row(String name, long size) {
    double each = (double) size * worldSize / parameters;
    return String.format(
        Locale.ROOT, "  %-18s %10.1f MiB %8.3f B/param%n", name, size / 0x1p20, each);
  }
}
