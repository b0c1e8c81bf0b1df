package io.octavo.model;

import io.octavo.kernel.Arena;
import io.octavo.tensor.Tensor;

/**
 * Tensors that every layer uses in turn.
 *
 * @param cosine of the rotary embedding, {@code [T, D/2]}
 * @param sine likewise
 * @param residual residual stream where layers do not keep it as numbers, {@code [M, C]}
 * @param hidden result of a norm before its cast, {@code [M, C]}
 * @param gateUp gates and ups before they are kept as codes, {@code [M, 2 F]}
 * @param wide result of SwiGLU before its cast, and its gradient, {@code [M, F]}
 * @param gradHidden gradient of a norm's result, {@code [M, C]}
 * @param gradAttention gradient of attention's result, {@code [M, Hq D]}
 * @param gradQkv {@code [M, (Hq + 2 Hkv) D]}
 * @param gradGateUp {@code [M, 2 F]}
 * @param attention scratch of attention's backward pass
 * @param gemm scratch of matrix products
 */
record Scratch(
    Tensor cosine,
    Tensor sine,
    Tensor residual,
    Tensor hidden,
    Tensor gateUp,
    Tensor wide,
    Tensor gradHidden,
    Tensor gradAttention,
    Tensor gradQkv,
    Tensor gradGateUp,
    Tensor attention,
    Tensor gemm) {

  static Scratch bind(TransformerPlan plan, Arena arena) {
    return new Scratch(
        arena.tensor(plan.cosine),
        arena.tensor(plan.sine),
        arena.tensor(plan.residual),
        arena.tensor(plan.scratchHidden),
        arena.tensor(plan.scratchGateUp),
        arena.tensor(plan.scratchWide),
        arena.tensor(plan.gradHidden),
        arena.tensor(plan.gradAttention),
        arena.tensor(plan.gradQkv),
        arena.tensor(plan.gradGateUp),
        arena.tensor(plan.attentionWorkspace),
        arena.tensor(plan.gemmWorkspace));
  }
}
