package io.octavo.model;

import io.octavo.kernel.AttentionKernels;
import io.octavo.kernel.Planning;
import io.octavo.quant.LinearOperand;
import io.octavo.quant.Recipe;
import io.octavo.quant.RecipePlan;
import io.octavo.tensor.ArenaPlan;
import io.octavo.tensor.DataType;
import io.octavo.tensor.MemoryKind;
import io.octavo.tensor.Shape;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** The places of everything a {@link Transformer} needs beside parameters and gradients. */
public final class TransformerPlan {

  final ModelConfig config;
  final RecipePlan recipes;
  final int batch;
  final int time;
  final boolean training;
  final boolean cachesWeights;
  final int logitRows;
  final List<LayerActivations.Plan> layers = new ArrayList<>();
  final List<Map<Projection, CastSlot.Plan>> weights = new ArrayList<>();
  final List<Map<Projection, CastSlot.Plan>> gradients = new ArrayList<>();
  final List<ArenaPlan.Slot> inputs = new ArrayList<>();
  final CastSlot.Plan headWeight;
  final CastSlot.Plan headInput;
  final CastSlot.Plan headGradient;
  final ArenaPlan.Slot cosine;
  final ArenaPlan.Slot sine;
  final ArenaPlan.Slot residual;
  final ArenaPlan.Slot finalRstd;
  final ArenaPlan.Slot finalNorm;
  final ArenaPlan.Slot logits;
  final ArenaPlan.Slot losses;
  final ArenaPlan.Slot scratchHidden;
  final ArenaPlan.Slot scratchGateUp;
  final ArenaPlan.Slot scratchWide;
  final ArenaPlan.Slot gradResidual;
  final ArenaPlan.Slot gradHidden;
  final ArenaPlan.Slot gradAttention;
  final ArenaPlan.Slot gradQkv;
  final ArenaPlan.Slot gradGateUp;
  final ArenaPlan.Slot attentionWorkspace;
  final ArenaPlan.Slot gemmWorkspace;
  private final List<ArenaPlan.Slot> amaxHistories;

  /**
   * Reserves the places.
   *
   * @param microBatches micro-batches of a step, 0 for inference
   */
  private TransformerPlan(
      ArenaPlan plan,
      Planning planning,
      ModelConfig config,
      RecipePlan recipes,
      int batch,
      int time,
      int microBatches,
      boolean cachesWeights) {
    config
        .untrainable(time)
        .ifPresent(
            why -> {
              throw new IllegalArgumentException("Cannot run model: " + why);
            });
    this.config = config;
    this.recipes = recipes;
    this.batch = batch;
    this.time = time;
    this.training = microBatches > 0;
    this.cachesWeights = cachesWeights;
    CastPlanner casts = new CastPlanner(plan, planning, recipes.base(), training);
    int rows = Math.multiplyExact(batch, time);
    this.logitRows =
        (int) Math.max(1, Math.min(planning.logitsElements() / config.vocabulary(), rows));
    for (int layer = 0; layer < (training ? config.layers() : 1); layer++) {
      layers.add(LayerActivations.Plan.reserve(plan, casts, config, recipes, rows, layer));
    }
    for (int layer = 0; layer < config.layers(); layer++) {
      weights.add(reserveWeights(casts, layer));
    }
    int hidden = config.hidden();
    Recipe.Cast headCast = recipes.base().headCast();
    headWeight = casts.weight("head.weight", Shape.of(config.vocabulary(), hidden), headCast);
    headInput = casts.passing("head.input", "head.input", Shape.of(logitRows, hidden), headCast);
    headGradient =
        casts.passing(
            "head.gradient", "head.gradient", Shape.of(logitRows, config.vocabulary()), headCast);
    for (int i = 0; i < Math.max(1, microBatches); i++) {
      inputs.add(Inputs.reserve(plan, "inputs." + i, rows));
    }
    Reservation numbers = new Reservation(plan, DataType.F32);
    Reservation values = new Reservation(plan, casts.activationType());
    cosine = numbers.reserve("cosine", time, config.headSize() / 2);
    sine = numbers.reserve("sine", time, config.headSize() / 2);
    residual = values.reserve("residual", rows, hidden);
    finalRstd = numbers.reserve("final.rstd", rows, 1);
    finalNorm = values.reserve("final.norm", rows, hidden);
    logits = values.reserve("logits", logitRows, config.vocabulary());
    losses = numbers.reserve("losses", rows, 1);
    boolean keepsCodes = recipes.base().activationCast() instanceof Recipe.Cast.Quantize;
    scratchHidden = values.reserve("scratch.hidden", rows, hidden);
    scratchWide = values.reserve("scratch.wide", rows, config.feedForward());
    int gradRows = training ? rows : 0;
    gradResidual = values.reserve("grad.residual", gradRows, hidden);
    gradHidden = values.reserve("grad.hidden", gradRows, hidden);
    gradAttention = values.reserve("grad.attention", gradRows, config.queryWidth());
    gradQkv = values.reserve("grad.qkv", gradRows, Projection.QKV.out(config));
    gradGateUp =
        values.reserve(
            "grad.gate_up", keepsCodes ? rows : gradRows, Projection.GATE_UP.out(config));
    // Gates and ups wait for their codes in the forward pass, their gradients in the backward pass.
    scratchGateUp =
        keepsCodes
            ? gradGateUp
            : values.reserve("scratch.gate_up", 0, Projection.GATE_UP.out(config));
    for (int layer = 0; training && layer < config.layers(); layer++) {
      gradients.add(reserveGradients(casts, layer, rows));
    }
    amaxHistories = casts.histories();
    attentionWorkspace =
        numbers.reserve(
            "attention", 1, training ? planning.attentionWorkspaceElements(geometry()) : 0);
    gemmWorkspace = numbers.reserve("gemm", 1, workspace(planning, rows));
  }

  /**
   * A plan for training: every layer's activations are kept.
   *
   * @param batch sequences of a micro-batch
   * @param time tokens of a sequence
   * @param microBatches micro-batches of a step
   * @param cachesWeights whether casts of all layers' weights are kept between micro-batches
   */
  public static TransformerPlan training(
      ArenaPlan plan,
      Planning planning,
      ModelConfig config,
      RecipePlan recipes,
      int batch,
      int time,
      int microBatches,
      boolean cachesWeights) {
    return new TransformerPlan(
        plan, planning, config, recipes, batch, time, microBatches, cachesWeights);
  }

  /** A plan for scoring and generating: layers share one set of activations. */
  public static TransformerPlan inference(
      ArenaPlan plan, Planning planning, ModelConfig config, Recipe recipe, int batch, int time) {
    return new TransformerPlan(
        plan, planning, config, RecipePlan.uniform(recipe), batch, time, 0, true);
  }

  /** Histories of amax, of which training's delayed scales are taken: state beside the weights. */
  public List<ArenaPlan.Slot> amaxHistories() {
    return amaxHistories;
  }

  /** Extents of attention. */
  AttentionKernels.Geometry geometry() {
    return new AttentionKernels.Geometry(
        batch, time, config.heads(), config.keyValueHeads(), config.headSize());
  }

  private Map<Projection, CastSlot.Plan> reserveWeights(CastPlanner casts, int layer) {
    Map<Projection, CastSlot.Plan> slots = new EnumMap<>(Projection.class);
    for (Projection projection : Projection.values()) {
      String name = projection.name(layer);
      Shape shape = Shape.of(projection.out(config), projection.in(config));
      Recipe.Cast cast = recipes.recipeFor(name).castFor(LinearOperand.WEIGHT);
      slots.put(
          projection,
          cachesWeights
              ? casts.weight(name, shape, cast)
              : casts.passingWeight("weight." + projection, shape, cast));
    }
    return slots;
  }

  private Map<Projection, CastSlot.Plan> reserveGradients(CastPlanner casts, int layer, int rows) {
    Map<Projection, CastSlot.Plan> slots = new EnumMap<>(Projection.class);
    for (Projection projection : Projection.values()) {
      String name = projection.name(layer);
      Recipe recipe = recipes.recipeFor(name);
      slots.put(
          projection,
          casts.passing(
              "gradient",
              name + ".gradient",
              Shape.of(rows, projection.out(config)),
              recipe.castFor(LinearOperand.GRAD_OUTPUT)));
    }
    return slots;
  }

  private record Reservation(ArenaPlan plan, DataType type) {

    ArenaPlan.Slot reserve(String name, int rows, long columns) {
      return plan.reserve(MemoryKind.WORKSPACE, name, type, Shape.of(rows, columns));
    }
  }

  private long workspace(Planning planning, int rows) {
    long most =
        planning.gemmWorkspaceElements(
            Shape.of(logitRows, config.hidden()), Shape.of(config.vocabulary(), config.hidden()));
    for (Projection projection : Projection.values()) {
      int in = projection.in(config);
      most =
          Math.max(
              most,
              planning.gemmWorkspaceElements(
                  Shape.of(rows, in), Shape.of(projection.out(config), in)));
    }
    return most;
  }
}
