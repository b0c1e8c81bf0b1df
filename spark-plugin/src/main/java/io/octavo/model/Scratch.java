package io.octavo.model;

import io.octavo.kernel.Arena;
import io.octavo.tensor.Tensor;

/** Tensors that every layer uses in turn, and the inputs of a micro-batch. */
record Scratch(
    Tensor ids,
    Tensor targets,
    Tensor positions,
    Tensor documentStart,
    Tensor cosine,
    Tensor sine,
    Tensor hidden,
    Tensor query,
    Tensor wide,
    Tensor gradHidden,
    Tensor gradQuery,
    Tensor gradKey,
    Tensor gradValue,
    Tensor gradGate,
    Tensor gradUp,
    Tensor gemm) {

  static Scratch bind(TransformerPlan plan, Arena arena) {
    return new Scratch(
        arena.tensor(plan.ids),
        arena.tensor(plan.targets),
        arena.tensor(plan.positions),
        arena.tensor(plan.documentStart),
        arena.tensor(plan.cosine),
        arena.tensor(plan.sine),
        arena.tensor(plan.scratchHidden),
        arena.tensor(plan.scratchQuery),
        arena.tensor(plan.scratchWide),
        arena.tensor(plan.gradHidden),
        arena.tensor(plan.gradQuery),
        arena.tensor(plan.gradKey),
        arena.tensor(plan.gradValue),
        arena.tensor(plan.gradGate),
        arena.tensor(plan.gradUp),
        arena.tensor(plan.gemmWorkspace));
  }
}
