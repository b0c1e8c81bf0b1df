package io.octavo.train;

import io.octavo.kernel.GemmKernels;
import io.octavo.model.ModelConfig;
import io.octavo.model.ParameterLayout;
import io.octavo.model.ParameterUnit;
import io.octavo.model.TransformerPlan;
import io.octavo.tensor.ArenaPlan;
import java.util.ArrayList;
import java.util.List;

/** The layout of all memory of a rank. The memory table and the allocation both come from it. */
record TrainerPlan(
    ArenaPlan arena,
    ParameterLayout layout,
    List<UnitState.Plan> states,
    ShardedUnits.Plan units,
    TransformerPlan transformer) {

  static TrainerPlan of(
      ModelConfig model, TrainConfig config, GemmKernels gemm, int rank, int worldSize) {
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
            gemm,
            model,
            config.recipe(),
            config.microBatch(),
            config.sequenceLength(),
            worldSize == 1);
    return new TrainerPlan(arena, layout, states, units, transformer);
  }
}
