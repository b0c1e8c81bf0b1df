package io.octavo.model;

import io.octavo.kernel.AttentionKernels;
import io.octavo.kernel.Backend;
import io.octavo.kernel.GemmKernels.Accumulation;
import io.octavo.kernel.RotaryKernels.Direction;
import io.octavo.tensor.Operand;
import io.octavo.tensor.Tensor;
import java.util.Map;

/**
 * One decoder layer, forward and backward:
 *
 * <pre>
 * n1 = RMSNorm(x);  q, k, v = n1 W^T (+ b);  rope(q), rope(k);  a = attention(q, k, v)
 * m  = x + a Wo^T (+ b)
 * n2 = RMSNorm(m);  g, u = n2 W^T (+ b);     h = silu(g) u
 * y  = m + h Wd^T (+ b)
 * </pre>
 *
 * Norm outputs, attention output and h enter their products as the recipe casts them; the casts are
 * what the backward pass uses too.
 */
final class DecoderLayer {

  private final Backend backend;
  private final ModelConfig config;
  private final AttentionKernels.Geometry geometry;
  private final Scratch scratch;
  private final Map<Projection, CastSlot> gradientCasts;

  DecoderLayer(
      Backend backend,
      ModelConfig config,
      AttentionKernels.Geometry geometry,
      Scratch scratch,
      Map<Projection, CastSlot> gradientCasts) {
    this.backend = backend;
    this.config = config;
    this.geometry = geometry;
    this.scratch = scratch;
    this.gradientCasts = gradientCasts;
  }

  /** Reads {@code saved.input()}, replaces {@code residual} by the layer's result. */
  void forward(LayerActivations saved, UnitViews weights, LayerWeights casts, Tensor residual) {
    Operand n1 =
        norm(
            saved.input(),
            weights.named("input_layernorm.weight"),
            saved.rstd1(),
            saved.attentionInput());
    project(Projection.QUERY, n1, weights, casts, saved.query());
    project(Projection.KEY, n1, weights, casts, saved.key());
    project(Projection.VALUE, n1, weights, casts, saved.value());
    rotate(saved.query(), Direction.FORWARD);
    rotate(saved.key(), Direction.FORWARD);
    backend
        .attention()
        .forward(
            geometry,
            saved.query(),
            saved.key(),
            saved.value(),
            scratch.documentStart(),
            saved.attention(),
            saved.logSumExp());
    Operand attention = saved.outputInput().cast(saved.attention(), backend);
    backend.copy(saved.input(), saved.middle());
    addProjection(Projection.OUTPUT, attention, weights, casts, saved.middle());

    Operand n2 =
        norm(
            saved.middle(),
            weights.named("post_attention_layernorm.weight"),
            saved.rstd2(),
            saved.feedForwardInput());
    project(Projection.GATE, n2, weights, casts, saved.gate());
    project(Projection.UP, n2, weights, casts, saved.up());
    Tensor product = saved.downInput().destination(scratch.wide());
    backend.activation().swiGlu(saved.gate(), saved.up(), product);
    Operand down = saved.downInput().seal(product, backend);
    backend.copy(saved.middle(), residual);
    addProjection(Projection.DOWN, down, weights, casts, residual);
  }

  /**
   * Turns {@code gradient} of the layer's result into that of its input, in place, and adds to the
   * gradients of its parameters. Overwrites gate and up.
   */
  void backward(
      LayerActivations saved,
      UnitViews weights,
      LayerWeights casts,
      UnitViews gradients,
      Tensor gradient) {
    backwardFeedForward(saved, weights, casts, gradients, gradient);
    backwardAttention(saved, weights, casts, gradients, gradient);
  }

  private void backwardFeedForward(
      LayerActivations saved,
      UnitViews weights,
      LayerWeights casts,
      UnitViews gradients,
      Tensor gradient) {
    Tensor dh = scratch.wide();
    Operand dy = gradientOperand(Projection.DOWN, gradient, gradients);
    wgrad(Projection.DOWN, dy, saved.downInput().operand(), gradients);
    dgrad(Projection.DOWN, dy, casts, dh, Accumulation.OVERWRITE);
    Tensor dgate = scratch.gradGate();
    Tensor dup = scratch.gradUp();
    backend.activation().swiGluBackward(dh, saved.gate(), saved.up(), dgate, dup);
    Operand input = saved.feedForwardInput().operand();
    Tensor dn = scratch.gradHidden();
    linearBackward(Projection.GATE, dgate, input, casts, gradients, dn, Accumulation.OVERWRITE);
    linearBackward(Projection.UP, dup, input, casts, gradients, dn, Accumulation.ADD);
    backend
        .norm()
        .rmsNormBackward(
            dn,
            saved.middle(),
            weights.named("post_attention_layernorm.weight"),
            saved.rstd2(),
            gradient,
            gradients.named("post_attention_layernorm.weight"));
  }

  private void backwardAttention(
      LayerActivations saved,
      UnitViews weights,
      LayerWeights casts,
      UnitViews gradients,
      Tensor gradient) {
    Tensor dAttention = scratch.query();
    Operand output = saved.outputInput().castOf(saved.attention());
    linearBackward(
        Projection.OUTPUT, gradient, output, casts, gradients, dAttention, Accumulation.OVERWRITE);
    Tensor dq = scratch.gradQuery();
    Tensor dk = scratch.gradKey();
    Tensor dv = scratch.gradValue();
    backend
        .attention()
        .backward(
            geometry,
            saved.query(),
            saved.key(),
            saved.value(),
            scratch.documentStart(),
            saved.attention(),
            saved.logSumExp(),
            dAttention,
            dq,
            dk,
            dv);
    rotate(dq, Direction.BACKWARD);
    rotate(dk, Direction.BACKWARD);
    Operand input = saved.attentionInput().operand();
    Tensor dn = scratch.gradHidden();
    linearBackward(Projection.QUERY, dq, input, casts, gradients, dn, Accumulation.OVERWRITE);
    linearBackward(Projection.KEY, dk, input, casts, gradients, dn, Accumulation.ADD);
    linearBackward(Projection.VALUE, dv, input, casts, gradients, dn, Accumulation.ADD);
    backend
        .norm()
        .rmsNormBackward(
            dn,
            saved.input(),
            weights.named("input_layernorm.weight"),
            saved.rstd1(),
            gradient,
            gradients.named("input_layernorm.weight"));
  }

  private Operand norm(Tensor x, Tensor weight, Tensor rstd, CastSlot slot) {
    Tensor target = slot.destination(scratch.hidden());
    backend.norm().rmsNorm(x, weight, config.normEpsilon(), target, rstd);
    return slot.seal(target, backend);
  }

  private void rotate(Tensor x, Direction direction) {
    backend.rotary().rotate(x, scratch.positions(), scratch.cosine(), scratch.sine(), direction);
  }

  private void project(
      Projection projection, Operand x, UnitViews weights, LayerWeights casts, Tensor y) {
    Operand w = casts.operand(projection);
    backend.gemm().fprop(x, w, y, Accumulation.OVERWRITE, scratch.gemm());
    weights.bias(projection).ifPresent(bias -> backend.activation().addBias(bias, y));
  }

  private void addProjection(
      Projection projection, Operand x, UnitViews weights, LayerWeights casts, Tensor y) {
    Operand w = casts.operand(projection);
    backend.gemm().fprop(x, w, y, Accumulation.ADD, scratch.gemm());
    weights.bias(projection).ifPresent(bias -> backend.activation().addBias(bias, y));
  }

  private void linearBackward(
      Projection projection,
      Tensor dy,
      Operand x,
      LayerWeights casts,
      UnitViews gradients,
      Tensor dx,
      Accumulation accumulation) {
    Operand gradient = gradientOperand(projection, dy, gradients);
    wgrad(projection, gradient, x, gradients);
    dgrad(projection, gradient, casts, dx, accumulation);
  }

  /** Casts the gradient of a projection's result; its bias takes the uncast one. */
  private Operand gradientOperand(Projection projection, Tensor dy, UnitViews gradients) {
    gradients.bias(projection).ifPresent(bias -> backend.activation().biasBackward(dy, bias));
    CastSlot slot = gradientCasts.get(projection);
    if (slot == null) {
      throw new IllegalStateException("Cannot run backward: the plan is for inference");
    }
    return slot.cast(dy, backend);
  }

  private void wgrad(Projection projection, Operand dy, Operand x, UnitViews gradients) {
    backend.gemm().wgrad(dy, x, gradients.weight(projection), Accumulation.ADD, scratch.gemm());
  }

  private void dgrad(
      Projection projection, Operand dy, LayerWeights casts, Tensor dx, Accumulation accumulation) {
    backend.gemm().dgrad(dy, casts.operand(projection), dx, accumulation, scratch.gemm());
  }
}
