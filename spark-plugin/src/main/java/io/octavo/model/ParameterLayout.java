package io.octavo.model;

import io.octavo.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * Where every parameter lies. Linear layers that share their input lie one after the other, so that
 * they are multiplied as one. Everything else starts at a multiple of {@value #ALIGNMENT} elements
 * of its unit's flat vector, so that no group of COAT's moments belongs to two of them, and no
 * shard boundary cuts a group.
 *
 * @param units embedding, layers in order, final norm and head
 */
public record ParameterLayout(List<ParameterUnit> units) {

  /** Elements that parameters and shards start at multiples of. */
  public static final int ALIGNMENT = 128;

  /** The layout of a model. */
  public static ParameterLayout of(ModelConfig config) {
    List<ParameterUnit> units = new ArrayList<>();
    Builder embed = new Builder();
    embed.matrix("model.embed_tokens.weight", config.vocabulary(), config.hidden());
    units.add(embed.unit("embed"));
    for (int layer = 0; layer < config.layers(); layer++) {
      units.add(layer(config, layer));
    }
    Builder last = new Builder();
    last.vector("model.norm.weight", config.hidden());
    if (!config.tiedHead()) {
      last.matrix("lm_head.weight", config.vocabulary(), config.hidden());
    }
    units.add(last.unit("final"));
    return new ParameterLayout(List.copyOf(units));
  }

  private static ParameterUnit layer(ModelConfig config, int layer) {
    String prefix = "model.layers." + layer + ".";
    int hidden = config.hidden();
    Builder unit = new Builder();
    unit.vector(prefix + "input_layernorm.weight", hidden);
    unit.linear(prefix, config, Projection.QKV, config.inputBias());
    if (config.variant().headNorms()) {
      unit.vector(prefix + "self_attn.q_norm.weight", config.headSize());
      unit.vector(prefix + "self_attn.k_norm.weight", config.headSize());
    }
    unit.linear(prefix, config, Projection.OUTPUT, config.attentionBias());
    unit.vector(prefix + "post_attention_layernorm.weight", hidden);
    unit.linear(prefix, config, Projection.GATE_UP, config.feedForwardBias());
    unit.linear(prefix, config, Projection.DOWN, config.feedForwardBias());
    return unit.unit("layers." + layer);
  }

  /** Number of weights, without padding. */
  public long parameterCount() {
    return units.stream()
        .flatMap(unit -> unit.parameters().stream())
        .mapToLong(parameter -> parameter.shape().elements())
        .sum();
  }

  /** {@code elements} rounded up to a multiple of {@link #ALIGNMENT}. */
  public static long padded(long elements) {
    return (elements + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  private static final class Builder {
    private final List<Parameter> parameters = new ArrayList<>();
    private long elements;

    void linear(String prefix, ModelConfig config, Projection projection, boolean biased) {
      int in = projection.in(config);
      List<String> parts = projection.parts();
      for (int part = 0; part < parts.size(); part++) {
        Shape shape = Shape.of(projection.out(part, config), in);
        join(prefix + parts.get(part) + ".weight", shape, true, part > 0);
      }
      for (int part = 0; biased && part < parts.size(); part++) {
        Shape shape = Shape.of(projection.out(part, config));
        join(prefix + parts.get(part) + ".bias", shape, false, part > 0);
      }
    }

    void matrix(String name, int rows, int columns) {
      add(name, Shape.of(rows, columns), true);
    }

    void vector(String name, int length) {
      add(name, Shape.of(length), false);
    }

    private void add(String name, Shape shape, boolean matrix) {
      join(name, shape, matrix, false);
    }

    /** Adds a parameter, right behind the one before it where {@code joined}. */
    private void join(String name, Shape shape, boolean matrix, boolean joined) {
      long offset = joined ? elements : padded(elements);
      parameters.add(new Parameter(name, shape, offset, matrix));
      elements = offset + shape.elements();
    }

    ParameterUnit unit(String name) {
      return new ParameterUnit(name, List.copyOf(parameters), padded(elements));
    }
  }
}
