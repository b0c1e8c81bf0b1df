package io.octavo.model;

import io.octavo.kernel.Backend;
import io.octavo.tensor.Operand;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Casts of the linear weights of one layer. Those in places of their own are made by the update of
 * the weights, and here where weights have changed by other means; those in places that layers
 * share at every use.
 */
final class LayerWeights {

  /** A weight in the forms its products need. */
  record Weight(Operand forward, Operand backward) {}

  private final Map<Projection, CastSlot> slots;
  private final Map<Projection, CastSlot> gradients;
  private final Map<Projection, Weight> weights = new EnumMap<>(Projection.class);
  private final boolean shared;
  private long version = -1;

  /**
   * Casts of one layer.
   *
   * @param gradients places for the casts of its products' output gradients
   * @param shared whether other layers use the same places
   */
  LayerWeights(
      Map<Projection, CastSlot> slots, Map<Projection, CastSlot> gradients, boolean shared) {
    this.shared = shared;
    this.slots = slots;
    this.gradients = gradients;
  }

  /** Where the gradient of a projection's result is cast. */
  CastSlot gradient(Projection projection) {
    CastSlot slot = gradients.get(projection);
    if (slot == null) {
      throw new IllegalStateException("Cannot run backward: the plan is for inference");
    }
    return slot;
  }

  /** The operands of a projection's weight. */
  Weight weight(Projection projection) {
    Weight weight = weights.get(projection);
    if (weight == null) {
      throw new IllegalStateException("Cannot use weight of " + projection + " before its cast");
    }
    return weight;
  }

  /** The weights whose casts an update can make. */
  List<UpdatedWeight> updated(UnitViews unit) {
    return slots.entrySet().stream()
        .flatMap(
            entry ->
                entry
                    .getValue()
                    .updated(unit.offset(entry.getKey()), unit.weight(entry.getKey()))
                    .stream())
        .toList();
  }

  /** The update that made {@code newVersion} of the weights has cast them. */
  void areOf(long newVersion) {
    version = newVersion;
  }

  /** Makes the casts of a version of the weights that no update has cast. */
  void refresh(long wantedVersion, UnitViews unit, Backend backend) {
    if (!shared && version == wantedVersion) {
      return;
    }
    slots.forEach((projection, slot) -> cast(projection, slot, unit, backend));
    version = wantedVersion;
  }

  /**
   * For a pass that is not training's: delayed scales are measured, and the casts of training are
   * made again when it goes on.
   */
  void refreshMeasured(long wantedVersion, UnitViews unit, Backend backend) {
    if (slots.values().stream().allMatch(slot -> slot.history().isEmpty())) {
      refresh(wantedVersion, unit, backend);
      return;
    }
    slots.forEach((projection, slot) -> cast(projection, slot.measured(), unit, backend));
    version = -1;
  }

  private void cast(Projection projection, CastSlot slot, UnitViews unit, Backend backend) {
    var master = unit.weight(projection);
    slot.recast(master, backend);
    weights.put(projection, new Weight(slot.rowwise(master), slot.columnwise(master)));
  }
}
