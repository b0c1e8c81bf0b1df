package io.octavo.model;

import io.octavo.kernel.AttentionKernels;
import io.octavo.kernel.Backend;
import io.octavo.kernel.GemmKernels.Accumulation;
import io.octavo.kernel.RotaryKernels.Direction;
import io.octavo.tensor.Operand;
import io.octavo.tensor.Tensor;

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
 * what the backward pass uses too. What norms and SwiGLU read is kept as numbers or as the recipe's
 * codes of them; then the forward pass reads the codes as well.
 */
final class DecoderLayer {

  private final Backend backend;
  private final ModelConfig config;
  private final AttentionKernels.Geometry geometry;
  private final Scratch scratch;

  DecoderLayer(
      Backend backend, ModelConfig config, AttentionKernels.Geometry geometry, Scratch scratch) {
    this.backend = backend;
    this.config = config;
    this.geometry = geometry;
    this.scratch = scratch;
  }

  /** What of a micro-batch every layer reads. */
  record Context(Inputs inputs, Accumulation accumulation) {}

  /**
   * Writes the layer's result to {@code y}.
   *
   * @param x residual stream entering: {@code saved.input()} where that keeps numbers
   */
  void forward(
      Context context,
      LayerActivations saved,
      UnitViews weights,
      LayerWeights casts,
      Tensor x,
      Tensor y) {
    Tensor n1 =
        norm(
            saved.input().keep(x, backend),
            weights.named("input_layernorm.weight"),
            saved.rstd1(),
            saved.attentionInput());
    project(Projection.QKV, saved.attentionInput().rowwise(n1), weights, casts, saved.qkv());
    rotate(context, saved.qkv(), Direction.FORWARD);
    Tensor attention = saved.attention();
    backend
        .attention()
        .forward(
            geometry, saved.qkv(), context.inputs().documentStart(), attention, saved.logSumExp());
    saved.outputInput().castForward(attention, backend);
    Tensor middle = saved.middle().destination(x);
    addProjection(
        Projection.OUTPUT, saved.outputInput().rowwise(attention), weights, casts, x, middle);

    Tensor n2 =
        norm(
            saved.middle().keep(middle, backend),
            weights.named("post_attention_layernorm.weight"),
            saved.rstd2(),
            saved.feedForwardInput());
    Tensor gateUp = saved.gateUp().destination(scratch.gateUp());
    project(Projection.GATE_UP, saved.feedForwardInput().rowwise(n2), weights, casts, gateUp);
    Tensor product = saved.downInput().destination(scratch.wide());
    backend.activation().swiGlu(saved.gateUp().keep(gateUp, backend), product);
    saved.downInput().cast(product, backend);
    addProjection(Projection.DOWN, saved.downInput().rowwise(product), weights, casts, middle, y);
  }

  /**
   * Turns {@code gradient} of the layer's result into that of its input, in place, and adds to the
   * gradients of its parameters.
   */
  void backward(
      Context context,
      LayerActivations saved,
      UnitViews weights,
      LayerWeights casts,
      UnitViews gradients,
      Tensor gradient) {
    backwardFeedForward(context, saved, weights, casts, gradients, gradient);
    backwardAttention(context, saved, weights, casts, gradients, gradient);
  }

  private void backwardFeedForward(
      Context context,
      LayerActivations saved,
      UnitViews weights,
      LayerWeights casts,
      UnitViews gradients,
      Tensor gradient) {
    Linear linear = new Linear(context, casts, gradients);
    Tensor dh = scratch.wide();
    // Where h is kept as numbers they lie in the slot, and scratch is free for their gradient.
    Operand h = saved.downInput().columnwise(saved.downInput().destination(dh));
    linear.backward(Projection.DOWN, gradient, h, dh);
    Tensor dGateUp = scratch.gradGateUp();
    backend.activation().swiGluBackward(dh, saved.gateUp().operand(), dGateUp);
    Tensor dn = scratch.gradHidden();
    linear.backward(Projection.GATE_UP, dGateUp, kept(saved.feedForwardInput()), dn);
    backend
        .norm()
        .rmsNormBackward(
            dn,
            saved.middle().operand(),
            weights.named("post_attention_layernorm.weight"),
            saved.rstd2(),
            gradient,
            gradients.named("post_attention_layernorm.weight"));
  }

  private void backwardAttention(
      Context context,
      LayerActivations saved,
      UnitViews weights,
      LayerWeights casts,
      UnitViews gradients,
      Tensor gradient) {
    Linear linear = new Linear(context, casts, gradients);
    Tensor attention = saved.attention();
    Tensor dAttention = scratch.gradAttention();
    saved.outputInput().castBackward(attention, backend);
    linear.backward(
        Projection.OUTPUT, gradient, saved.outputInput().columnwise(attention), dAttention);
    Tensor dQkv = scratch.gradQkv();
    backend
        .attention()
        .backward(
            geometry,
            saved.qkv(),
            context.inputs().documentStart(),
            attention,
            saved.logSumExp(),
            dAttention,
            dQkv,
            scratch.attention());
    rotate(context, dQkv, Direction.BACKWARD);
    Tensor dn = scratch.gradHidden();
    linear.backward(Projection.QKV, dQkv, kept(saved.attentionInput()), dn);
    backend
        .norm()
        .rmsNormBackward(
            dn,
            saved.input().operand(),
            weights.named("input_layernorm.weight"),
            saved.rstd1(),
            gradient,
            gradients.named("input_layernorm.weight"));
  }

  private Operand kept(CastSlot slot) {
    return slot.columnwise(slot.destination(scratch.hidden()));
  }

  private Tensor norm(Operand x, Tensor weight, Tensor rstd, CastSlot slot) {
    Tensor target = slot.destination(scratch.hidden());
    backend.norm().rmsNorm(x, weight, config.normEpsilon(), target, rstd);
    slot.cast(target, backend);
    return target;
  }

  private void rotate(Context context, Tensor qkv, Direction direction) {
    backend
        .rotary()
        .rotate(
            qkv,
            config.heads() + config.keyValueHeads(),
            context.inputs().positions(),
            scratch.cosine(),
            scratch.sine(),
            direction);
  }

  private void project(
      Projection projection, Operand x, UnitViews weights, LayerWeights casts, Tensor y) {
    Operand w = casts.weight(projection).forward();
    backend.gemm().fprop(x, w, y, Accumulation.OVERWRITE, scratch.gemm());
    weights.bias(projection).ifPresent(bias -> backend.activation().addBias(bias, y));
  }

  private void addProjection(
      Projection projection,
      Operand x,
      UnitViews weights,
      LayerWeights casts,
      Tensor addend,
      Tensor y) {
    Operand w = casts.weight(projection).forward();
    backend.gemm().fpropAdd(x, w, addend, y, scratch.gemm());
    weights.bias(projection).ifPresent(bias -> backend.activation().addBias(bias, y));
  }

  /** The backward products of a layer's linear parts. */
  private final class Linear {
    private final Context context;
    private final LayerWeights casts;
    private final UnitViews gradients;

    Linear(Context context, LayerWeights casts, UnitViews gradients) {
      this.context = context;
      this.casts = casts;
      this.gradients = gradients;
    }

    /** Casts {@code dy}; the weight's gradient takes the cast, the bias's the uncast one. */
    void backward(Projection projection, Tensor dy, Operand x, Tensor dx) {
      CastSlot slot = casts.gradient(projection);
      slot.cast(dy, backend);
      gradients.bias(projection).ifPresent(bias -> backend.activation().biasBackward(dy, bias));
      backend
          .gemm()
          .wgrad(
              slot.columnwise(dy),
              x,
              gradients.weight(projection),
              context.accumulation(),
              scratch.gemm());
      backend
          .gemm()
          .dgrad(
              slot.rowwise(dy),
              casts.weight(projection).backward(),
              dx,
              Accumulation.OVERWRITE,
              scratch.gemm());
    }
  }
}
