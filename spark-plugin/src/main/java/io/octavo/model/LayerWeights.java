package io.octavo.model;

import io.octavo.kernel.Backend;
import io.octavo.tensor.Operand;
import io.octavo.tensor.Tensor;
import java.util.EnumMap;
import java.util.Map;

/**
 * Casts of the linear weights of one layer, or of whichever layer was last used where layers share
 * a place. Cast again when the layer or the version of the weights is another.
 */
final class LayerWeights {

  private final Map<Projection, CastSlot> slots;
  private final Map<Projection, Operand> operands = new EnumMap<>(Projection.class);
  private int layer = -1;
  private long version = -1;

  LayerWeights(Map<Projection, CastSlot> slots) {
    this.slots = slots;
  }

  /** The operand of a projection's weight. */
  Operand operand(Projection projection) {
    Operand operand = operands.get(projection);
    if (operand == null) {
      throw new IllegalStateException("Cannot use weight of " + projection + " before its cast");
    }
    return operand;
  }

  void refresh(int wantedLayer, long wantedVersion, UnitViews weights, Backend backend) {
    if (layer == wantedLayer && version == wantedVersion) {
      return;
    }
    slots.forEach(
        (projection, slot) -> {
          Tensor weight = weights.weight(projection);
          operands.put(projection, slot.cast(weight, backend));
        });
    layer = wantedLayer;
    version = wantedVersion;
  }
}
