package io.octavo.model;

import io.octavo.kernel.Backend;
import io.octavo.tensor.Operand;
import java.util.EnumMap;
import java.util.Map;

/**
 * Casts of the linear weights of one layer, or of whichever layer was last used where layers share
 * a place. Cast again when the layer or the version of the weights is another.
 */
final class LayerWeights {

  /** A weight in the forms its products need. */
  record Weight(Operand forward, Operand backward) {}

  private final Map<Projection, CastSlot> slots;
  private final Map<Projection, Weight> weights = new EnumMap<>(Projection.class);
  private int layer = -1;
  private long version = -1;

  LayerWeights(Map<Projection, CastSlot> slots) {
    this.slots = slots;
  }

  /** The operands of a projection's weight. */
  Weight weight(Projection projection) {
    Weight weight = weights.get(projection);
    if (weight == null) {
      throw new IllegalStateException("Cannot use weight of " + projection + " before its cast");
    }
    return weight;
  }

  void refresh(int wantedLayer, long wantedVersion, UnitViews unit, Backend backend) {
    if (layer == wantedLayer && version == wantedVersion) {
      return;
    }
    slots.forEach(
        (projection, slot) -> {
          var master = unit.weight(projection);
          slot.cast(master, backend);
          weights.put(projection, new Weight(slot.rowwise(master), slot.columnwise(master)));
        });
    layer = wantedLayer;
    version = wantedVersion;
  }
}
