package io.octavo.optim;

import io.octavo.kernel.Arena;
import io.octavo.kernel.OptimizerKernels;
import io.octavo.tensor.ArenaPlan;
import io.octavo.tensor.DataType;
import io.octavo.tensor.MemoryKind;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.Map;

/** The places of one moment of a shard, by part: {@code values}, or codes with group numbers. */
public record MomentSlots(MomentFormat format, Map<String, ArenaPlan.Slot> parts) {

  /** Reserves a moment of {@code elements} elements, a multiple of the group. */
  public static MomentSlots reserve(
      ArenaPlan plan, MomentFormat format, String name, long elements) {
    Map<String, ArenaPlan.Slot> parts = new LinkedHashMap<>();
    switch (format) {
      case FP32 -> parts.put("values", slot(plan, name, "values", DataType.F32, elements));
      case BF16 -> parts.put("values", slot(plan, name, "values", DataType.BF16, elements));
      case FP8 -> {
        long groups = elements / OptimizerKernels.GROUP;
        parts.put("codes", slot(plan, name, "codes", DataType.U8, elements));
        parts.put("scales", slot(plan, name, "scales", DataType.F32, groups));
        parts.put("exponents", slot(plan, name, "exponents", DataType.F32, groups));
        parts.put("centres", slot(plan, name, "centres", DataType.F32, groups));
      }
    }
    return new MomentSlots(format, parts);
  }

  private static ArenaPlan.Slot slot(
      ArenaPlan plan, String name, String part, DataType type, long elements) {
    return plan.reserve(MemoryKind.MOMENTS, name + "." + part, type, Shape.of(elements));
  }

  /** The tensors of the parts, by name. */
  public Map<String, Tensor> tensors(Arena arena) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    parts.forEach((part, slot) -> tensors.put(part, arena.tensor(slot)));
    return tensors;
  }

  /** The moment of elements {@code [from, to)}, of whole groups but for the last. */
  public static OptimizerKernels.Moment moment(Map<String, Tensor> tensors, long from, long to) {
    Tensor values = tensors.get("values");
    if (values != null) {
      return new OptimizerKernels.PlainMoment(values.range(from, to));
    }
    long first = from / OptimizerKernels.GROUP;
    long last = (to + OptimizerKernels.GROUP - 1) / OptimizerKernels.GROUP;
    return new OptimizerKernels.Fp8Moment(
        part(tensors, "codes").range(from, to),
        part(tensors, "scales").range(first, last),
        part(tensors, "exponents").range(first, last),
        part(tensors, "centres").range(first, last));
  }

  private static Tensor part(Map<String, Tensor> tensors, String name) {
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException("Cannot find part " + name + " of a moment");
    }
    return tensor;
  }
}
