package io.octavo.model;

import io.octavo.kernel.AttentionKernels;
import io.octavo.kernel.Backend;
import io.octavo.kernel.GemmKernels.Accumulation;
import io.octavo.kernel.RotaryKernels.Direction;
import io.octavo.tensor.CastTarget;
import io.octavo.tensor.Operand;
import io.octavo.tensor.Tensor;
import java.util.Optional;

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
            x,
            saved.input(),
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
            middle,
            saved.middle(),
            weights.named("post_attention_layernorm.weight"),
            saved.rstd2(),
            saved.feedForwardInput());
    Tensor gateUp = saved.gateUp().destination(scratch.gateUp());
    project(Projection.GATE_UP, saved.feedForwardInput().rowwise(n2), weights, casts, gateUp);
    Tensor product = saved.downInput().destination(scratch.wide());
    gate(gateUp, saved.gateUp(), product, saved.downInput());
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
    linear
        .onlyCasts(Projection.GATE_UP, dGateUp)
        .ifPresentOrElse(
            only -> backend.casting().swiGluBackward(dh, saved.gateUp().operand(), only),
            () -> {
              backend.activation().swiGluBackward(dh, saved.gateUp().operand(), dGateUp);
              linear.cast(Projection.GATE_UP, dGateUp);
            });
    Tensor dn = scratch.gradHidden();
    linear.products(Projection.GATE_UP, dGateUp, kept(saved.feedForwardInput()), dn);
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

  private Tensor norm(Tensor x, KeptActivation kept, Tensor weight, Tensor rstd, CastSlot slot) {
    Tensor target = slot.destination(scratch.hidden());
    float epsilon = config.normEpsilon();
    slot.onlyCasts(target)
        .ifPresentOrElse(
            casts -> backend.casting().rmsNorm(x, kept.operand(), weight, epsilon, rstd, casts),
            () -> {
              backend.norm().rmsNorm(kept.keep(x, backend), weight, epsilon, target, rstd);
              slot.cast(target, backend);
            });
    return target;
  }

  private void gate(Tensor gateUp, KeptActivation kept, Tensor product, CastSlot slot) {
    slot.onlyCasts(product)
        .ifPresentOrElse(
            casts -> backend.casting().swiGlu(gateUp, kept.operand(), casts),
            () -> {
              backend.activation().swiGlu(kept.keep(gateUp, backend), product);
              slot.cast(product, backend);
            });
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

    /** The casts of {@code dy} where nothing else of it is read. */
    Optional<CastTarget> onlyCasts(Projection projection, Tensor dy) {
      return gradients.bias(projection).isPresent()
          ? Optional.empty()
          : casts.gradient(projection).onlyCasts(dy);
    }

    void backward(Projection projection, Tensor dy, Operand x, Tensor dx) {
      cast(projection, dy);
      products(projection, dy, x, dx);
    }

    /** Casts {@code dy}; the bias's gradient takes it uncast. */
    void cast(Projection projection, Tensor dy) {
      casts.gradient(projection).cast(dy, backend);
      gradients.bias(projection).ifPresent(bias -> backend.activation().biasBackward(dy, bias));
    }

    /** Takes the casts of {@code dy}. */
    void products(Projection projection, Tensor dy, Operand x, Tensor dx) {
      CastSlot slot = casts.gradient(projection);
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
