package io.octavo.model;

import io.octavo.kernel.Planning;
import io.octavo.quant.Granularity;
import io.octavo.quant.Recipe;
import io.octavo.tensor.ArenaPlan;
import io.octavo.tensor.DataType;
import io.octavo.tensor.MemoryKind;
import io.octavo.tensor.Shape;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Decides which casts of a matrix a device needs, and reserves their places. */
final class CastPlanner {

  private final ArenaPlan plan;
  private final DataType activationType;
  private final boolean contractsLastAxisOnly;

  /** Casts that live within one product's turn, by role and shape: layers share them. */
  private final Map<String, CastSlot.Cast> transients = new HashMap<>();

  CastPlanner(ArenaPlan plan, Planning planning, Recipe recipe) {
    this.plan = plan;
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
    return cast instanceof Recipe.Cast.Quantize quantize
        && (contractsLastAxisOnly || !transposes(quantize.spec().granularity()));
  }

  private static boolean transposes(Granularity granularity) {
    return granularity instanceof Granularity.PerTensor
        || granularity instanceof Granularity.Block block && block.rows() == block.columns();
  }

  /** An input that is kept until the backward pass, in the form that its weight gradient needs. */
  CastSlot.Plan kept(String name, String layer, Shape shape, Recipe.Cast cast) {
    if (isPlain(cast)) {
      return new CastSlot.Plan(
          Optional.of(plan.reserve(MemoryKind.ACTIVATIONS, layer + name, activationType, shape)),
          Optional.empty(),
          Optional.empty());
    }
    if (needsTwo(cast)) {
      return new CastSlot.Plan(
          Optional.empty(),
          Optional.of(transientCast("input", shape, cast, false)),
          Optional.of(keptCast(layer + name, shape, cast, true)));
    }
    return new CastSlot.Plan(
        Optional.empty(),
        Optional.of(keptCast(layer + name, shape, cast, false)),
        Optional.empty());
  }

  /** Casts of an input that is itself kept until the backward pass. */
  CastSlot.Plan beside(String name, String layer, Shape shape, Recipe.Cast cast) {
    return isPlain(cast) || needsTwo(cast)
        ? passing("input", shape, cast)
        : kept(name, layer, shape, cast);
  }

  private CastSlot.Cast keptCast(String name, Shape shape, Recipe.Cast cast, boolean transposed) {
    return CastSlot.Cast.reserve(plan, MemoryKind.ACTIVATIONS, name, shape, cast, transposed);
  }

  /**
   * Casts that are made when needed, of a matrix that lies elsewhere.
   *
   * @param role {@code input} or {@code gradient}: matrices of one role are not needed at once
   */
  CastSlot.Plan passing(String role, Shape shape, Recipe.Cast cast) {
    return isPlain(cast) ? CastSlot.Plan.NONE : transientCasts(role, shape, cast);
  }

  private CastSlot.Plan transientCasts(String role, Shape shape, Recipe.Cast cast) {
    return new CastSlot.Plan(
        Optional.empty(),
        Optional.of(transientCast(role, shape, cast, false)),
        needsTwo(cast) ? Optional.of(transientCast(role, shape, cast, true)) : Optional.empty());
  }

  private CastSlot.Cast transientCast(
      String role, Shape shape, Recipe.Cast cast, boolean transposed) {
    String name = role + (transposed ? ".transposed" : "") + shape;
    return transients.computeIfAbsent(
        name + cast,
        key -> CastSlot.Cast.reserve(plan, MemoryKind.WORKSPACE, name, shape, cast, transposed));
  }

  /** Casts of a weight, whose master is F32, in a place that layers share. */
  CastSlot.Plan passingWeight(String role, Shape shape, Recipe.Cast cast) {
    return cast instanceof Recipe.Cast.None
        ? CastSlot.Plan.NONE
        : transientCasts(role, shape, cast);
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
            : Optional.empty());
  }
}
