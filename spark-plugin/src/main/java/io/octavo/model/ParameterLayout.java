package io.octavo.model;

import io.octavo.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * Where every parameter lies. Parameters start at multiples of {@value #ALIGNMENT} elements of
 * their unit's flat vector, so that no group of COAT's moments belongs to two of them, and no shard
 * boundary cuts a group.
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
    boolean biased = config.attentionBias();
    int hidden = config.hidden();
    Builder unit = new Builder();
    unit.vector(prefix + "input_layernorm.weight", hidden);
    unit.linear(prefix + "self_attn.q_proj", config.queryWidth(), hidden, biased);
    unit.linear(prefix + "self_attn.k_proj", config.keyValueWidth(), hidden, biased);
    unit.linear(prefix + "self_attn.v_proj", config.keyValueWidth(), hidden, biased);
    unit.linear(prefix + "self_attn.o_proj", hidden, config.queryWidth(), biased);
    unit.vector(prefix + "post_attention_layernorm.weight", hidden);
    unit.linear(prefix + "mlp.gate_proj", config.feedForward(), hidden, config.feedForwardBias());
    unit.linear(prefix + "mlp.up_proj", config.feedForward(), hidden, config.feedForwardBias());
    unit.linear(prefix + "mlp.down_proj", hidden, config.feedForward(), config.feedForwardBias());
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
  static long padded(long elements) {
    return (elements + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  private static final class Builder {
    private final List<Parameter> parameters = new ArrayList<>();
    private long elements;

    void linear(String name, int out, int in, boolean biased) {
      matrix(name + ".weight", out, in);
      if (biased) {
        vector(name + ".bias", out);
      }
    }

    void matrix(String name, int rows, int columns) {
      add(name, Shape.of(rows, columns), true);
    }

    void vector(String name, int length) {
      add(name, Shape.of(length), false);
    }

    private void add(String name, Shape shape, boolean matrix) {
      parameters.add(new Parameter(name, shape, elements, matrix));
      elements += padded(shape.elements());
    }

    ParameterUnit unit(String name) {
      return new ParameterUnit(name, List.copyOf(parameters), elements);
    }
  }
}
