package io.octavo.model;

import io.octavo.tensor.Tensor;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Tensors of a unit's parameters over its flat vector; made once. */
final class UnitViews {

  private final ParameterUnit unit;
  private final Map<String, Tensor> tensors = new HashMap<>();
  private final Map<Projection, Tensor> projections = new EnumMap<>(Projection.class);
  private final Map<Projection, Tensor> biases = new EnumMap<>(Projection.class);

  UnitViews(ParameterUnit unit, Tensor flat) {
    this.unit = unit;
    for (Parameter parameter : unit.parameters()) {
      tensors.put(parameter.name(), view(flat, List.of(parameter)));
    }
    for (Projection projection : Projection.values()) {
      joined(unit, flat, projection, ".weight")
          .ifPresent(view -> projections.put(projection, view));
      joined(unit, flat, projection, ".bias").ifPresent(view -> biases.put(projection, view));
    }
  }

  private static Optional<Tensor> joined(
      ParameterUnit unit, Tensor flat, Projection projection, String ending) {
    List<Parameter> parts =
        projection.parts().stream()
            .filter(part -> unit.has(part + ending))
            .map(part -> unit.parameter(part + ending))
            .toList();
    return parts.isEmpty() ? Optional.empty() : Optional.of(view(flat, parts));
  }

  /** Parameters that lie one after the other, as one matrix or vector. */
  private static Tensor view(Tensor flat, List<Parameter> parts) {
    long from = parts.get(0).offset();
    long elements = parts.stream().mapToLong(part -> part.shape().elements()).sum();
    Tensor range = flat.range(from, from + elements);
    long columns = parts.get(0).shape().columns();
    return parts.get(0).matrix() ? range.reshape(elements / columns, columns) : range;
  }

  /** A parameter by the end of its name. */
  Tensor named(String suffix) {
    return tensors.entrySet().stream()
        .filter(entry -> entry.getKey().endsWith(suffix))
        .map(Map.Entry::getValue)
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("Cannot find parameter " + suffix));
  }

  Tensor weight(Projection projection) {
    Tensor weight = projections.get(projection);
    if (weight == null) {
      throw new IllegalArgumentException("Cannot find the weights " + projection.parts());
    }
    return weight;
  }

  /** Where the weight of a projection starts in the unit's flat vector. */
  long offset(Projection projection) {
    return offset(projection.parts().get(0) + ".weight");
  }

  /** Where a parameter starts in the unit's flat vector. */
  long offset(String suffix) {
    return unit.parameter(suffix).offset();
  }

  Optional<Tensor> bias(Projection projection) {
    return Optional.ofNullable(biases.get(projection));
  }
}
