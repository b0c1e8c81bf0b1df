package io.octavo.model;

import io.octavo.kernel.Arena;
import io.octavo.quant.LinearOperand;
import io.octavo.quant.Recipe;
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
 * @param attentionInput operand of q, k and v, {@code [M, C]}
 * @param query rotated, {@code [M, Hq D]}
 * @param key rotated, {@code [M, Hkv D]}
 * @param value {@code [M, Hkv D]}
 * @param attention result of attention, {@code [M, Hq D]}
 * @param logSumExp {@code [M, Hq]}
 * @param outputInput operand of o, {@code [M, Hq D]}
 * @param middle residual stream between attention and feed-forward, {@code [M, C]}
 * @param rstd2 of the second norm, {@code [M]}
 * @param feedForwardInput operand of gate and up, {@code [M, C]}
 * @param gate {@code [M, F]}
 * @param up {@code [M, F]}
 * @param downInput operand of down, {@code [M, F]}
 */
record LayerActivations(
    Tensor input,
    Tensor rstd1,
    CastSlot attentionInput,
    Tensor query,
    Tensor key,
    Tensor value,
    Tensor attention,
    Tensor logSumExp,
    CastSlot outputInput,
    Tensor middle,
    Tensor rstd2,
    CastSlot feedForwardInput,
    Tensor gate,
    Tensor up,
    CastSlot downInput) {

  /** Their places in the arena. */
  record Plan(
      ArenaPlan.Slot input,
      ArenaPlan.Slot rstd1,
      CastSlot.Plan attentionInput,
      ArenaPlan.Slot query,
      ArenaPlan.Slot key,
      ArenaPlan.Slot value,
      ArenaPlan.Slot attention,
      ArenaPlan.Slot logSumExp,
      CastSlot.Plan outputInput,
      ArenaPlan.Slot middle,
      ArenaPlan.Slot rstd2,
      CastSlot.Plan feedForwardInput,
      ArenaPlan.Slot gate,
      ArenaPlan.Slot up,
      CastSlot.Plan downInput) {

    static Plan reserve(ArenaPlan plan, ModelConfig config, Recipe recipe, int rows, String name) {
      Reservation reservation =
          new Reservation(plan, recipe.castFor(LinearOperand.INPUT), rows, name + ".");
      int hidden = config.hidden();
      return new Plan(
          reservation.values("input", hidden),
          reservation.values("rstd1", 1),
          reservation.operand("attention_input", hidden),
          reservation.values("query", config.queryWidth()),
          reservation.values("key", config.keyValueWidth()),
          reservation.values("value", config.keyValueWidth()),
          reservation.values("attention", config.queryWidth()),
          reservation.values("log_sum_exp", config.heads()),
          reservation.operand("output_input", config.queryWidth()),
          reservation.values("middle", hidden),
          reservation.values("rstd2", 1),
          reservation.operand("feed_forward_input", hidden),
          reservation.values("gate", config.feedForward()),
          reservation.values("up", config.feedForward()),
          reservation.operand("down_input", config.feedForward()));
    }

    LayerActivations bind(Arena arena) {
      return new LayerActivations(
          arena.tensor(input),
          arena.tensor(rstd1),
          attentionInput.bind(arena),
          arena.tensor(query),
          arena.tensor(key),
          arena.tensor(value),
          arena.tensor(attention),
          arena.tensor(logSumExp),
          outputInput.bind(arena),
          arena.tensor(middle),
          arena.tensor(rstd2),
          feedForwardInput.bind(arena),
          arena.tensor(gate),
          arena.tensor(up),
          downInput.bind(arena));
    }
  }

  private record Reservation(ArenaPlan plan, Recipe.Cast cast, int rows, String prefix) {

    ArenaPlan.Slot values(String name, int columns) {
      return plan.reserve(
          MemoryKind.ACTIVATIONS, prefix + name, DataType.F32, Shape.of(rows, columns));
    }

    CastSlot.Plan operand(String name, int columns) {
      return CastSlot.Plan.reserve(
          plan, MemoryKind.ACTIVATIONS, prefix + name, Shape.of(rows, columns), cast);
    }
  }
}
