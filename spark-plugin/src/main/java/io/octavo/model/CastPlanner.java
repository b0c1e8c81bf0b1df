package io.octavo.model;

import io.octavo.kernel.Planning;
import io.octavo.quant.AmaxHistory;
import io.octavo.quant.Recipe;
import io.octavo.tensor.ArenaPlan;
import io.octavo.tensor.DataType;
import io.octavo.tensor.MemoryKind;
import io.octavo.tensor.Shape;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Decides which casts of a matrix a device needs, and reserves their places. */
final class CastPlanner {

  private final ArenaPlan plan;
  private final DataType activationType;
  private final boolean contractsLastAxisOnly;
  private final boolean keepsHistories;

  /** Casts that live within one product's turn, by role and shape: layers share them. */
  private final Map<String, CastSlot.Cast> transients = new HashMap<>();

  private final List<ArenaPlan.Slot> histories = new ArrayList<>();

  /**
   * A planner of casts in {@code plan}.
   *
   * @param training whether delayed scales are: elsewhere layers share places, and what is scored
   *     must not depend on what was before, so that every scale is measured
   */
  CastPlanner(ArenaPlan plan, Planning planning, Recipe recipe, boolean training) {
    this.plan = plan;
    this.keepsHistories = training;
    this.activationType = planning.activationType(recipe);
    this.contractsLastAxisOnly = planning.contractsLastAxisOnly();
  }

  DataType activationType() {
    return activationType;
  }

  /** Whether a matrix of activations enters products as it is. */
  private boolean isPlain(Recipe.Cast cast) {
    return cast instanceof Recipe.Cast.None
        || cast instanceof Recipe.Cast.ToBf16 && activationType == DataType.BF16;
  }

  /** Whether the product over rows needs a cast of its own. */
  private boolean needsTwo(Recipe.Cast cast) {
    return cast.codes().isPresent() && (contractsLastAxisOnly || !cast.transposesExactly());
  }

  /** A history of a matrix's own: shared places hold its casts, not what their scale is from. */
  private Optional<ArenaPlan.Slot> history(MemoryKind kind, String name, Recipe.Cast cast) {
    if (keepsHistories && cast instanceof Recipe.Cast.QuantizeDelayed delayed) {
      Shape shape = Shape.of(AmaxHistory.elements(delayed.casts()));
      histories.add(plan.reserve(kind, name + ".amax_history", DataType.F32, shape));
      return Optional.of(histories.get(histories.size() - 1));
    }
    return Optional.empty();
  }

  /** All histories reserved so far. */
  List<ArenaPlan.Slot> histories() {
    return List.copyOf(histories);
  }

  /** An input that is kept until the backward pass, in the form that its weight gradient needs. */
  CastSlot.Plan kept(String name, String layer, Shape shape, Recipe.Cast cast) {
    if (isPlain(cast)) {
      return new CastSlot.Plan(
          Optional.of(plan.reserve(MemoryKind.ACTIVATIONS, layer + name, activationType, shape)),
          Optional.empty(),
          Optional.empty(),
          Optional.empty());
    }
    Optional<ArenaPlan.Slot> history = history(MemoryKind.WORKSPACE, layer + name, cast);
    if (needsTwo(cast)) {
      return new CastSlot.Plan(
          Optional.empty(),
          Optional.of(transientCast("input", shape, cast, false)),
          Optional.of(keptCast(layer + name, shape, cast, true)),
          history);
    }
    return new CastSlot.Plan(
        Optional.empty(),
        Optional.of(keptCast(layer + name, shape, cast, false)),
        Optional.empty(),
        history);
  }

  /**
   * Casts of an input that is itself kept until the backward pass. A delayed scale is there once,
   * in the forward pass: what the backward pass needs is cast then.
   */
  CastSlot.Plan beside(String name, String layer, Shape shape, Recipe.Cast cast) {
    boolean delayed = keepsHistories && cast instanceof Recipe.Cast.QuantizeDelayed;
    return isPlain(cast) || needsTwo(cast) && !delayed
        ? passing("input", layer + name, shape, cast)
        : kept(name, layer, shape, cast);
  }

  private CastSlot.Cast keptCast(String name, Shape shape, Recipe.Cast cast, boolean transposed) {
    return CastSlot.Cast.reserve(plan, MemoryKind.ACTIVATIONS, name, shape, cast, transposed);
  }

  /**
   * Casts that are made when needed, of a matrix that lies elsewhere.
   *
   * @param role {@code input} or {@code gradient}: matrices of one role are not needed at once
   * @param name of the matrix
   */
  CastSlot.Plan passing(String role, String name, Shape shape, Recipe.Cast cast) {
    return isPlain(cast)
        ? CastSlot.Plan.NONE
        : transientCasts(role, shape, cast, history(MemoryKind.WORKSPACE, name, cast));
  }

  private CastSlot.Plan transientCasts(
      String role, Shape shape, Recipe.Cast cast, Optional<ArenaPlan.Slot> history) {
    return new CastSlot.Plan(
        Optional.empty(),
        Optional.of(transientCast(role, shape, cast, false)),
        needsTwo(cast) ? Optional.of(transientCast(role, shape, cast, true)) : Optional.empty(),
        history);
  }

  private CastSlot.Cast transientCast(
      String role, Shape shape, Recipe.Cast cast, boolean transposed) {
    String name = role + (transposed ? ".transposed" : "") + shape;
    return transients.computeIfAbsent(
        name + cast,
        key -> CastSlot.Cast.reserve(plan, MemoryKind.WORKSPACE, name, shape, cast, transposed));
  }

  /**
   * Casts of a weight, whose master is F32, in a place that layers share. They are made in every
   * pass and must be the same in each, so their scales are measured.
   */
  CastSlot.Plan passingWeight(String role, Shape shape, Recipe.Cast cast) {
    return cast instanceof Recipe.Cast.None
        ? CastSlot.Plan.NONE
        : transientCasts(role, shape, cast.measured(), Optional.empty());
  }

  /** Casts of a weight, whose master is F32, in a place of their own. */
  CastSlot.Plan weight(String name, Shape shape, Recipe.Cast cast) {
    if (cast instanceof Recipe.Cast.None) {
      return CastSlot.Plan.NONE;
    }
    return new CastSlot.Plan(
        Optional.empty(),
        Optional.of(
            CastSlot.Cast.reserve(plan, MemoryKind.QUANTIZED_WEIGHTS, name, shape, cast, false)),
        needsTwo(cast)
            ? Optional.of(
                CastSlot.Cast.reserve(
                    plan, MemoryKind.QUANTIZED_WEIGHTS, name + ".transposed", shape, cast, true))
            : Optional.empty(),
        history(MemoryKind.QUANTIZED_WEIGHTS, name, cast));
  }
}
