package io.octavo.model;

import io.octavo.tensor.Shape;
import java.util.List;

/**
 * The linear layers of a decoder layer as they are multiplied: those that share their input are
 * one, with their weights one below the other.
 */
public enum Projection {
  QKV("self_attn.qkv_proj", "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
  OUTPUT("self_attn.o_proj", "self_attn.o_proj"),
  GATE_UP("mlp.gate_up_proj", "mlp.gate_proj", "mlp.up_proj"),
  DOWN("mlp.down_proj", "mlp.down_proj");

  private final String label;
  private final List<String> parts;

  Projection(String label, String... parts) {
    this.label = label;
    this.parts = List.of(parts);
  }

  /** Name by which recipes are chosen, such as {@code layers.3.mlp.down_proj}. */
  String name(int layer) {
    return "layers." + layer + "." + label;
  }

  /** Hugging Face's linear layers that it is made of, in the order of its rows. */
  List<String> parts() {
    return parts;
  }

  /** Names of the weights of a layer, such as {@code model.layers.3.mlp.down_proj.weight}. */
  public List<String> weights(int layer) {
    return parts.stream().map(part -> "model.layers.%d.%s.weight".formatted(layer, part)).toList();
  }

  /** Rows of the weight of one part. */
  int out(int part, ModelConfig config) {
    return switch (this) {
      case QKV -> part == 0 ? config.queryWidth() : config.keyValueWidth();
      case OUTPUT, DOWN -> config.hidden();
      case GATE_UP -> config.feedForward();
    };
  }

  /** Rows of the weight: features out. */
  int out(ModelConfig config) {
    return switch (this) {
      case QKV -> config.queryWidth() + 2 * config.keyValueWidth();
      case OUTPUT, DOWN -> config.hidden();
      case GATE_UP -> 2 * config.feedForward();
    };
  }

  /** Columns of the weight: features in. */
  int in(ModelConfig config) {
    return switch (this) {
      case QKV, GATE_UP -> config.hidden();
      case OUTPUT -> config.queryWidth();
      case DOWN -> config.feedForward();
    };
  }

  /**
   * Shape {@code [out, in]} of one of Hugging Face's weights by its name, such as {@code
   * model.layers.3.mlp.down_proj.weight}; what is of no projection is taken for embeddings or a
   * head.
   */
  public static Shape shape(String weight, ModelConfig config) {
    for (Projection projection : values()) {
      for (int part = 0; part < projection.parts.size(); part++) {
        if (weight.contains(projection.parts.get(part))) {
          return Shape.of(projection.out(part, config), projection.in(config));
        }
      }
    }
    return Shape.of(config.vocabulary(), config.hidden());
  }
}
