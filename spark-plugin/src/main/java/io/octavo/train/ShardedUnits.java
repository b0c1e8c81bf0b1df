package io.octavo.train;

import io.octavo.collective.Collective;
import io.octavo.kernel.Arena;
import io.octavo.kernel.Backend;
import io.octavo.kernel.GemmKernels.Accumulation;
import io.octavo.model.ParameterLayout;
import io.octavo.model.ParameterUnit;
import io.octavo.model.UnitAccess;
import io.octavo.tensor.ArenaPlan;
import io.octavo.tensor.DataType;
import io.octavo.tensor.MemoryKind;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Fully sharded units: weights are gathered into a whole copy before use, gradients are reduced to
 * this rank's shard after a micro-batch. The layers share one whole copy; embedding and final unit
 * have their own. A single rank computes in its masters and gradients directly.
 */
final class ShardedUnits implements UnitAccess {

  /** Places of the whole copies; none for a single rank. */
  record Plan(List<ArenaPlan.Slot> weights, List<ArenaPlan.Slot> gradients) {

    static Plan reserve(ArenaPlan plan, ParameterLayout layout, int worldSize) {
      if (worldSize == 1) {
        return new Plan(List.of(), List.of());
      }
      return new Plan(
          whole(plan, layout, worldSize, MemoryKind.PARAMETERS, "weights"),
          whole(plan, layout, worldSize, MemoryKind.GRADIENTS, "gradients"));
    }

    private static List<ArenaPlan.Slot> whole(
        ArenaPlan plan, ParameterLayout layout, int worldSize, MemoryKind kind, String name) {
      List<ParameterUnit> units = layout.units();
      List<ArenaPlan.Slot> slots = new ArrayList<>();
      for (int unit = 0; unit < units.size(); unit++) {
        boolean sharesLayer = unit > 1 && unit < units.size() - 1;
        long elements = units.get(unit).shardElements(worldSize) * worldSize;
        slots.add(
            sharesLayer
                ? slots.get(1)
                : plan.reserve(
                    kind,
                    "whole." + name + "." + units.get(unit).name(),
                    DataType.F32,
                    Shape.of(elements)));
      }
      return slots;
    }
  }

  private final Backend backend;
  private final Collective collective;
  private final List<UnitState> states;
  private final List<Tensor> weights = new ArrayList<>();
  private final List<Tensor> gradients = new ArrayList<>();
  private long version;

  ShardedUnits(
      Plan plan, Arena arena, Backend backend, Collective collective, List<UnitState> states) {
    this.backend = backend;
    this.collective = collective;
    this.states = states;
    for (int unit = 0; unit < states.size(); unit++) {
      UnitState state = states.get(unit);
      weights.add(isSharded() ? arena.tensor(plan.weights().get(unit)) : state.master());
      gradients.add(isSharded() ? arena.tensor(plan.gradients().get(unit)) : state.gradient());
    }
  }

  private boolean isSharded() {
    return collective.worldSize() > 1;
  }

  @Override
  public Tensor weights(int unit) {
    return weights.get(unit);
  }

  @Override
  public Tensor gradients(int unit) {
    return gradients.get(unit);
  }

  @Override
  public void acquire(int unit) {
    if (isSharded()) {
      collective.allGather(states.get(unit).master(), weights.get(unit));
    }
  }

  @Override
  public void release(int unit) {
    // The whole copy is overwritten by the next unit that shares its place.
  }

  @Override
  public void beginGradients(int unit) {
    if (isSharded()) {
      backend.zero(gradients.get(unit));
    }
  }

  @Override
  public Accumulation accumulation(int microBatch) {
    return isSharded() || microBatch == 0 ? Accumulation.OVERWRITE : Accumulation.ADD;
  }

  @Override
  public void gradientsReady(int unit) {
    if (isSharded()) {
      collective.reduceScatterAdd(gradients.get(unit), states.get(unit).gradient());
    }
  }

  @Override
  public long version() {
    return version;
  }

  /** Weights have changed. */
  void advance() {
    version++;
  }
}
