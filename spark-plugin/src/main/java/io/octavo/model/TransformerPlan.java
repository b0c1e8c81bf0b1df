package io.octavo.model;

import io.octavo.kernel.GemmKernels;
import io.octavo.quant.LinearOperand;
import io.octavo.quant.Recipe;
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

  /** Elements of logits that exist at once: 8 MiB of F32. */
  private static final long LOGITS_ELEMENTS = 2L << 20;

  final ModelConfig config;
  final Recipe recipe;
  final int batch;
  final int time;
  final boolean training;
  final int logitRows;
  final List<LayerActivations.Plan> layers = new ArrayList<>();
  final List<Map<Projection, CastSlot.Plan>> weights = new ArrayList<>();
  final Map<Projection, CastSlot.Plan> gradients = new EnumMap<>(Projection.class);
  final CastSlot.Plan headWeight;
  final CastSlot.Plan headInput;
  final CastSlot.Plan headGradient;
  final ArenaPlan.Slot ids;
  final ArenaPlan.Slot targets;
  final ArenaPlan.Slot positions;
  final ArenaPlan.Slot documentStart;
  final ArenaPlan.Slot cosine;
  final ArenaPlan.Slot sine;
  final ArenaPlan.Slot residual;
  final ArenaPlan.Slot finalRstd;
  final ArenaPlan.Slot finalNorm;
  final ArenaPlan.Slot logits;
  final ArenaPlan.Slot losses;
  final ArenaPlan.Slot scratchHidden;
  final ArenaPlan.Slot scratchQuery;
  final ArenaPlan.Slot scratchWide;
  final ArenaPlan.Slot gradResidual;
  final ArenaPlan.Slot gradHidden;
  final ArenaPlan.Slot gradQuery;
  final ArenaPlan.Slot gradKey;
  final ArenaPlan.Slot gradValue;
  final ArenaPlan.Slot gradGate;
  final ArenaPlan.Slot gradUp;
  final ArenaPlan.Slot gemmWorkspace;

  private TransformerPlan(
      ArenaPlan plan,
      GemmKernels gemm,
      ModelConfig config,
      Recipe recipe,
      int batch,
      int time,
      boolean training,
      boolean cachesWeights) {
    this.config = config;
    this.recipe = recipe;
    this.batch = batch;
    this.time = time;
    this.training = training;
    int rows = Math.multiplyExact(batch, time);
    this.logitRows = (int) Math.max(1, Math.min(LOGITS_ELEMENTS / config.vocabulary(), rows));
    for (int layer = 0; layer < (training ? config.layers() : 1); layer++) {
      layers.add(LayerActivations.Plan.reserve(plan, config, recipe, rows, "layers." + layer));
    }
    for (int layer = 0; layer < (cachesWeights ? config.layers() : 1); layer++) {
      weights.add(reserveWeights(plan, "layers." + layer + "."));
    }
    int hidden = config.hidden();
    Recipe.Cast headCast = headCast();
    headWeight =
        CastSlot.Plan.reserve(
            plan,
            MemoryKind.QUANTIZED_WEIGHTS,
            "head.weight",
            Shape.of(config.vocabulary(), hidden),
            headCast);
    headInput = operand(plan, "head.input", logitRows, hidden, headCast);
    headGradient = operand(plan, "head.gradient", logitRows, config.vocabulary(), headCast);
    ids = indices(plan, "ids", rows);
    targets = indices(plan, "targets", rows);
    positions = indices(plan, "positions", rows);
    documentStart = indices(plan, "document_start", rows);
    cosine = scratch(plan, "cosine", time, config.headSize() / 2);
    sine = scratch(plan, "sine", time, config.headSize() / 2);
    residual = scratch(plan, "residual", rows, hidden);
    finalRstd = scratch(plan, "final.rstd", rows, 1);
    finalNorm = scratch(plan, "final.norm", rows, hidden);
    logits = scratch(plan, "logits", logitRows, config.vocabulary());
    losses = scratch(plan, "losses", rows, 1);
    scratchHidden = scratch(plan, "scratch.hidden", rows, hidden);
    scratchQuery = scratch(plan, "scratch.query", rows, config.queryWidth());
    scratchWide = scratch(plan, "scratch.wide", rows, config.feedForward());
    int gradRows = training ? rows : 0;
    gradResidual = scratch(plan, "grad.residual", gradRows, hidden);
    gradHidden = scratch(plan, "grad.hidden", gradRows, hidden);
    gradQuery = scratch(plan, "grad.query", gradRows, config.queryWidth());
    gradKey = scratch(plan, "grad.key", gradRows, config.keyValueWidth());
    gradValue = scratch(plan, "grad.value", gradRows, config.keyValueWidth());
    gradGate = scratch(plan, "grad.gate", gradRows, config.feedForward());
    gradUp = scratch(plan, "grad.up", gradRows, config.feedForward());
    if (training) {
      for (Projection projection : Projection.values()) {
        gradients.put(projection, gradientOperand(plan, projection, rows));
      }
    }
    gemmWorkspace = scratch(plan, "gemm", 1, workspace(gemm, rows));
  }

  /**
   * A plan for training: every layer's activations are kept.
   *
   * @param batch sequences of a micro-batch
   * @param time tokens of a sequence
   * @param cachesWeights whether casts of all layers' weights are kept between micro-batches
   */
  public static TransformerPlan training(
      ArenaPlan plan,
      GemmKernels gemm,
      ModelConfig config,
      Recipe recipe,
      int batch,
      int time,
      boolean cachesWeights) {
    return new TransformerPlan(plan, gemm, config, recipe, batch, time, true, cachesWeights);
  }

  /** A plan for scoring and generating: layers share one set of activations. */
  public static TransformerPlan inference(
      ArenaPlan plan, GemmKernels gemm, ModelConfig config, Recipe recipe, int batch, int time) {
    return new TransformerPlan(plan, gemm, config, recipe, batch, time, false, true);
  }

  /** The head is BF16 where linear layers are below FP32, and FP32 where they are not. */
  private Recipe.Cast headCast() {
    boolean full = recipe.castFor(LinearOperand.WEIGHT) instanceof Recipe.Cast.None;
    return full ? new Recipe.Cast.None() : new Recipe.Cast.ToBf16();
  }

  private Map<Projection, CastSlot.Plan> reserveWeights(ArenaPlan plan, String prefix) {
    Map<Projection, CastSlot.Plan> slots = new EnumMap<>(Projection.class);
    Recipe.Cast cast = recipe.castFor(LinearOperand.WEIGHT);
    for (Projection projection : Projection.values()) {
      // Uncast weights are used where they are: their slot is empty.
      boolean plain = cast instanceof Recipe.Cast.None;
      Shape shape =
          plain ? Shape.of(0, 1) : Shape.of(projection.out(config), projection.in(config));
      slots.put(
          projection,
          CastSlot.Plan.reserve(
              plan, MemoryKind.QUANTIZED_WEIGHTS, prefix + projection.weight(), shape, cast));
    }
    return slots;
  }

  private CastSlot.Plan gradientOperand(ArenaPlan plan, Projection projection, int rows) {
    Recipe.Cast cast = recipe.castFor(LinearOperand.GRAD_OUTPUT);
    int columns = cast instanceof Recipe.Cast.None ? 0 : projection.out(config);
    return operand(plan, "grad." + projection, rows, columns, cast);
  }

  private static CastSlot.Plan operand(
      ArenaPlan plan, String name, int rows, int columns, Recipe.Cast cast) {
    return CastSlot.Plan.reserve(plan, MemoryKind.WORKSPACE, name, Shape.of(rows, columns), cast);
  }

  private static ArenaPlan.Slot scratch(ArenaPlan plan, String name, int rows, long columns) {
    return plan.reserve(MemoryKind.WORKSPACE, name, DataType.F32, Shape.of(rows, columns));
  }

  private static ArenaPlan.Slot indices(ArenaPlan plan, String name, int rows) {
    return plan.reserve(MemoryKind.WORKSPACE, name, DataType.I32, Shape.of(rows));
  }

  private long workspace(GemmKernels gemm, int rows) {
    long most =
        gemm.workspaceElements(
            Shape.of(logitRows, config.hidden()), Shape.of(config.vocabulary(), config.hidden()));
    for (Projection projection : Projection.values()) {
      int in = projection.in(config);
      most =
          Math.max(
              most,
              gemm.workspaceElements(Shape.of(rows, in), Shape.of(projection.out(config), in)));
    }
    return most;
  }
}
