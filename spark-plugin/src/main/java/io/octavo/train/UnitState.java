package io.octavo.train;

import io.octavo.kernel.Arena;
import io.octavo.kernel.OptimizerKernels;
import io.octavo.model.ParameterUnit;
import io.octavo.optim.AdamWConfig;
import io.octavo.optim.MomentFormat;
import io.octavo.optim.MomentSlots;
import io.octavo.tensor.ArenaPlan;
import io.octavo.tensor.DataType;
import io.octavo.tensor.MemoryKind;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * This rank's shard of one unit: masters, gradients and moments over the same range of the unit's
 * flat vector.
 */
final class UnitState {

  /** Places in the arena. */
  record Plan(
      ParameterUnit unit,
      int rank,
      long shardElements,
      ArenaPlan.Slot master,
      ArenaPlan.Slot gradient,
      MomentSlots first,
      MomentSlots second) {

    static Plan reserve(
        ArenaPlan plan, ParameterUnit unit, int rank, int worldSize, MomentFormat moments) {
      long n = unit.shardElements(worldSize);
      String name = unit.name();
      return new Plan(
          unit,
          rank,
          n,
          plan.reserve(MemoryKind.PARAMETERS, name + "/master", DataType.F32, Shape.of(n)),
          plan.reserve(MemoryKind.GRADIENTS, name + "/gradient", DataType.F32, Shape.of(n)),
          MomentSlots.reserve(plan, moments, name + "/first", n),
          MomentSlots.reserve(plan, moments, name + "/second", n));
    }
  }

  /** A run of parameters with one weight decay, cut to this rank's shard. */
  record Update(
      Tensor master,
      Tensor gradient,
      OptimizerKernels.Moment first,
      OptimizerKernels.Moment second,
      float weightDecay) {}

  private final Plan plan;
  private final Tensor master;
  private final Tensor gradient;
  private final Map<String, Tensor> first;
  private final Map<String, Tensor> second;
  private final List<Update> updates = new ArrayList<>();

  UnitState(Plan plan, Arena arena, AdamWConfig config) {
    this.plan = plan;
    this.master = arena.tensor(plan.master());
    this.gradient = arena.tensor(plan.gradient());
    this.first = plan.first().tensors(arena);
    this.second = plan.second().tensors(arena);
    plan.unit().runs().forEach(run -> addUpdate(run, config));
  }

  private void addUpdate(ParameterUnit.Run run, AdamWConfig config) {
    long from = Math.max(run.from(), start()) - start();
    long to = Math.min(run.to(), end()) - start();
    if (from >= to) {
      return;
    }
    boolean decays = run.matrices() || config.decayAll();
    updates.add(
        new Update(
            master.range(from, to),
            gradient.range(from, to),
            MomentSlots.moment(first, from, to),
            MomentSlots.moment(second, from, to),
            decays ? config.weightDecay() : 0));
  }

  /** Where the shard starts in the unit's flat vector. */
  long start() {
    return Math.min(plan.rank() * plan.shardElements(), plan.unit().elements());
  }

  /** Where the part of the shard that holds parameters ends in the unit's flat vector. */
  long end() {
    return Math.min(start() + plan.shardElements(), plan.unit().elements());
  }

  Tensor master() {
    return master;
  }

  Tensor gradient() {
    return gradient;
  }

  /**
   * Gradients that kernels only ever add to on a single rank: of norms, biases and an embedding
   * table that is not the head's. Those of linear weights are overwritten by a step's first
   * micro-batch.
   *
   * @param tiedHead whether the embedding table is the head's
   */
  List<Tensor> accumulatedGradients(boolean tiedHead) {
    boolean embedding = plan.unit().name().equals("embed");
    return plan.unit().runs().stream()
        .filter(run -> !run.matrices() || embedding && !tiedHead)
        .map(run -> gradient.range(run.from(), run.to()))
        .toList();
  }

  List<Update> updates() {
    return updates;
  }

  ParameterUnit unit() {
    return plan.unit();
  }

  /** Masters and moments as checkpoints store them. */
  List<StateShard> shards() {
    List<StateShard> shards = new ArrayList<>();
    String name = plan.unit().name();
    addShard(shards, name + "/master", master, 1);
    first.forEach((part, tensor) -> addShard(shards, name + "/first." + part, tensor, group(part)));
    second.forEach(
        (part, tensor) -> addShard(shards, name + "/second." + part, tensor, group(part)));
    return shards;
  }

  private static int group(String part) {
    return part.equals("values") || part.equals("codes") ? 1 : OptimizerKernels.GROUP;
  }

  private void addShard(List<StateShard> shards, String name, Tensor tensor, int group) {
    long offset = start() / group;
    long length = (end() - start()) / group;
    shards.add(
        new StateShard(
            name,
            tensor.range(0, length),
            offset,
            plan.unit().elements() / group,
            StateShard.Need.REQUIRED));
  }
}
