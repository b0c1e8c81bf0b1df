package io.octavo.train;

import io.octavo.kernel.Arena;
import io.octavo.kernel.OptimizerKernels;
import io.octavo.model.ParameterLayout;
import io.octavo.model.ParameterUnit;
import io.octavo.model.UpdatedWeight;
import io.octavo.optim.AdamWConfig;
import io.octavo.optim.MomentFormat;
import io.octavo.optim.MomentSlots;
import io.octavo.tensor.ArenaPlan;
import io.octavo.tensor.CastTarget;
import io.octavo.tensor.DataType;
import io.octavo.tensor.MemoryKind;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

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

  /**
   * A weight with its casts, or a run of parameters with one weight decay, cut to this rank's
   * shard.
   *
   * @param history of the weight's amax, where its scale is delayed
   */
  record Update(
      CastTarget parameters,
      Optional<Tensor> history,
      Tensor gradient,
      OptimizerKernels.Moment first,
      OptimizerKernels.Moment second,
      float weightDecay) {}

  private final Plan plan;
  private final Tensor master;
  private final Tensor gradient;
  private final Map<String, Tensor> first;
  private final Map<String, Tensor> second;

  UnitState(Plan plan, Arena arena) {
    this.plan = plan;
    this.master = arena.tensor(plan.master());
    this.gradient = arena.tensor(plan.gradient());
    this.first = plan.first().tensors(arena);
    this.second = plan.second().tensors(arena);
  }

  /**
   * What an optimizer step does to this shard.
   *
   * @param weights those whose casts are made with it, in the order of their places
   */
  List<Update> updates(AdamWConfig config, List<UpdatedWeight> weights) {
    List<Update> updates = new ArrayList<>();
    for (ParameterUnit.Run run : plan.unit().runs()) {
      float decay = run.matrices() || config.decayAll() ? config.weightDecay() : 0;
      long from = run.from();
      for (UpdatedWeight weight : weights) {
        if (weight.from() >= run.from() && weight.from() < run.to()) {
          addRun(updates, from, weight.from(), decay);
          updates.add(update(weight.matrix(), weight.history(), weight.from(), decay));
          from = ParameterLayout.padded(weight.end());
        }
      }
      addRun(updates, from, run.to(), decay);
    }
    return updates;
  }

  private void addRun(List<Update> updates, long runFrom, long runTo, float decay) {
    long from = Math.max(runFrom, start());
    long to = Math.min(runTo, end());
    if (from < to) {
      CastTarget uncast = new CastTarget(master.range(from - start(), to - start()), List.of());
      updates.add(update(uncast, Optional.empty(), from, decay));
    }
  }

  private Update update(CastTarget parameters, Optional<Tensor> history, long first, float decay) {
    long from = first - start();
    long to = from + parameters.values().elements();
    return new Update(
        parameters,
        history,
        gradient.range(from, to),
        MomentSlots.moment(this.first, from, to),
        MomentSlots.moment(second, from, to),
        decay);
  }

  /** Moments as before the first step. */
  void resetMoments(OptimizerKernels optimizer) {
    optimizer.reset(MomentSlots.moment(first, 0, plan.shardElements()));
    optimizer.reset(MomentSlots.moment(second, 0, plan.shardElements()));
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
