package io.octavo.train;

import io.octavo.kernel.OptimizerKernels;
import io.octavo.kernel.Planning;
import io.octavo.model.ModelConfig;
import io.octavo.model.ParameterLayout;
import io.octavo.model.ParameterUnit;
import io.octavo.model.TransformerPlan;
import io.octavo.tensor.ArenaPlan;
import io.octavo.tensor.DataType;
import io.octavo.tensor.MemoryKind;
import io.octavo.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/** The layout of all memory of a rank. The memory table and the allocation both come from it. */
record TrainerPlan(
    ArenaPlan arena,
    ParameterLayout layout,
    List<UnitState.Plan> states,
    ShardedUnits.Plan units,
    TransformerPlan transformer,
    ArenaPlan.Slot control,
    ArenaPlan.Slot totals) {

  static TrainerPlan of(
      ModelConfig model, TrainConfig config, Planning planning, int rank, int worldSize) {
    ArenaPlan arena = new ArenaPlan();
    ParameterLayout layout = ParameterLayout.of(model);
    List<UnitState.Plan> states = new ArrayList<>();
    for (ParameterUnit unit : layout.units()) {
      states.add(UnitState.Plan.reserve(arena, unit, rank, worldSize, config.moments()));
    }
    ShardedUnits.Plan units = ShardedUnits.Plan.reserve(arena, layout, worldSize);
    TransformerPlan transformer =
        TransformerPlan.training(
            arena,
            planning,
            model,
            config.recipes(),
            config.microBatch(),
            config.sequenceLength(),
            Math.max(1, config.globalBatch() / (config.microBatch() * worldSize)),
            worldSize == 1);
    ArenaPlan.Slot control =
        arena.reserve(
            MemoryKind.WORKSPACE, "control", DataType.F32, Shape.of(OptimizerKernels.CONTROL));
    ArenaPlan.Slot totals =
        arena.reserve(
            MemoryKind.WORKSPACE, "totals", DataType.F32, Shape.of(OptimizerKernels.TOTALS));
    return new TrainerPlan(arena, layout, states, units, transformer, control, totals);
  }
}
