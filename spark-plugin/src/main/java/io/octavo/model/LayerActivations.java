package io.octavo.model;

import io.octavo.kernel.Arena;
import io.octavo.quant.LinearOperand;
import io.octavo.quant.Recipe;
import io.octavo.quant.RecipePlan;
import io.octavo.tensor.ArenaPlan;
import io.octavo.tensor.DataType;
import io.octavo.tensor.MemoryKind;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;

/**
 * What one decoder layer keeps for its backward pass.
 *
 * @param input residual stream entering, {@code [M, C]}
 * @param rstd1 of the first norm, {@code [M]}
 * @param attentionInput operand of the q, k and v projection, {@code [M, C]}
 * @param qkv queries and keys rotated, {@code [M, (Hq + 2 Hkv) D]}
 * @param attention result of attention, {@code [M, Hq D]}
 * @param logSumExp {@code [M, Hq]}
 * @param outputInput casts of {@code attention} for o
 * @param middle residual stream between attention and feed-forward, {@code [M, C]}
 * @param rstd2 of the second norm, {@code [M]}
 * @param feedForwardInput operand of the gate and up projection, {@code [M, C]}
 * @param gateUp {@code [M, 2 F]}
 * @param downInput operand of down, {@code [M, F]}
 */
record LayerActivations(
    KeptActivation input,
    Tensor rstd1,
    CastSlot attentionInput,
    Tensor qkv,
    Tensor attention,
    Tensor logSumExp,
    CastSlot outputInput,
    KeptActivation middle,
    Tensor rstd2,
    CastSlot feedForwardInput,
    KeptActivation gateUp,
    CastSlot downInput) {

  /** Their places in the arena. */
  record Plan(
      KeptActivation.Plan input,
      ArenaPlan.Slot rstd1,
      CastSlot.Plan attentionInput,
      ArenaPlan.Slot qkv,
      ArenaPlan.Slot attention,
      ArenaPlan.Slot logSumExp,
      CastSlot.Plan outputInput,
      KeptActivation.Plan middle,
      ArenaPlan.Slot rstd2,
      CastSlot.Plan feedForwardInput,
      KeptActivation.Plan gateUp,
      CastSlot.Plan downInput) {

    static Plan reserve(
        ArenaPlan plan,
        CastPlanner casts,
        ModelConfig config,
        RecipePlan recipes,
        int rows,
        int layer) {
      Reservation reserve =
          new Reservation(plan, casts, recipes, rows, layer, "layers." + layer + ".");
      int hidden = config.hidden();
      return new Plan(
          reserve.activation("input", hidden),
          reserve.numbers("rstd1", 1),
          reserve.operand("attention_input", hidden, Projection.QKV),
          reserve.values("qkv", Projection.QKV.out(config)),
          reserve.values("attention", config.queryWidth()),
          reserve.numbers("log_sum_exp", config.heads()),
          casts.beside(
              "output_input",
              reserve.prefix(),
              Shape.of(rows, config.queryWidth()),
              reserve.cast(Projection.OUTPUT)),
          reserve.activation("middle", hidden),
          reserve.numbers("rstd2", 1),
          reserve.operand("feed_forward_input", hidden, Projection.GATE_UP),
          reserve.activation("gate_up", Projection.GATE_UP.out(config)),
          reserve.operand("down_input", config.feedForward(), Projection.DOWN));
    }

    LayerActivations bind(Arena arena) {
      return new LayerActivations(
          input.bind(arena),
          arena.tensor(rstd1),
          attentionInput.bind(arena),
          arena.tensor(qkv),
          arena.tensor(attention),
          arena.tensor(logSumExp),
          outputInput.bind(arena),
          middle.bind(arena),
          arena.tensor(rstd2),
          feedForwardInput.bind(arena),
          gateUp.bind(arena),
          downInput.bind(arena));
    }
  }

  /** The same places for a forward pass that leaves no trace in later ones. */
  LayerActivations measured() {
    return new LayerActivations(
        input,
        rstd1,
        attentionInput.measured(),
        qkv,
        attention,
        logSumExp,
        outputInput.measured(),
        middle,
        rstd2,
        feedForwardInput.measured(),
        gateUp,
        downInput.measured());
  }

  private record Reservation(
      ArenaPlan plan, CastPlanner casts, RecipePlan recipes, int rows, int layer, String prefix) {

    ArenaPlan.Slot numbers(String name, int columns) {
      return reserve(name, DataType.F32, columns);
    }

    ArenaPlan.Slot values(String name, int columns) {
      return reserve(name, casts.activationType(), columns);
    }

    private ArenaPlan.Slot reserve(String name, DataType type, int columns) {
      return plan.reserve(MemoryKind.ACTIVATIONS, prefix + name, type, Shape.of(rows, columns));
    }

    KeptActivation.Plan activation(String name, int columns) {
      return KeptActivation.Plan.reserve(
          plan,
          prefix + name,
          Shape.of(rows, columns),
          recipes.base().activationCast(),
          casts.activationType());
    }

    CastSlot.Plan operand(String name, int columns, Projection consumer) {
      return casts.kept(name, prefix, Shape.of(rows, columns), cast(consumer));
    }

    Recipe.Cast cast(Projection consumer) {
      return recipes.recipeFor(consumer.name(layer)).castFor(LinearOperand.INPUT);
    }
  }
}
