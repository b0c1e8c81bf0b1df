package io.octavo.model;

import io.octavo.tensor.Tensor;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Tensors of a unit's parameters over its flat vector; made once. */
final class UnitViews {

  private final Map<String, Tensor> tensors = new HashMap<>();
  private final Map<Projection, Tensor> projections = new EnumMap<>(Projection.class);
  private final Map<Projection, Tensor> biases = new EnumMap<>(Projection.class);

  UnitViews(ParameterUnit unit, Tensor flat) {
    for (Parameter parameter : unit.parameters()) {
      long from = parameter.offset();
      Tensor view =
          flat.range(from, from + parameter.shape().elements())
              .reshape(parameter.shape().extents());
      String name = parameter.name();
      tensors.put(name, view);
      for (Projection projection : Projection.values()) {
        if (name.endsWith(projection.weight())) {
          projections.put(projection, view);
        } else if (name.endsWith(projection.bias())) {
          biases.put(projection, view);
        }
      }
    }
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
      throw new IllegalArgumentException("Cannot find parameter " + projection.weight());
    }
    return weight;
  }

  Optional<Tensor> bias(Projection projection) {
    return Optional.ofNullable(biases.get(projection));
  }
}
