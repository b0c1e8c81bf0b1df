package io.octavo.model;

/** The linear layers of a decoder layer. */
enum Projection {
  QUERY("self_attn.q_proj"),
  KEY("self_attn.k_proj"),
  VALUE("self_attn.v_proj"),
  OUTPUT("self_attn.o_proj"),
  GATE("mlp.gate_proj"),
  UP("mlp.up_proj"),
  DOWN("mlp.down_proj");

  private final String suffix;

  Projection(String suffix) {
    this.suffix = suffix;
  }

  String weight() {
    return suffix + ".weight";
  }

  String bias() {
    return suffix + ".bias";
  }

  /** Rows of the weight: features out. */
  int out(ModelConfig config) {
    return switch (this) {
      case QUERY -> config.queryWidth();
      case KEY, VALUE -> config.keyValueWidth();
      case OUTPUT, DOWN -> config.hidden();
      case GATE, UP -> config.feedForward();
    };
  }

  /** Columns of the weight: features in. */
  int in(ModelConfig config) {
    return switch (this) {
      case QUERY, KEY, VALUE, GATE, UP -> config.hidden();
      case OUTPUT -> config.queryWidth();
      case DOWN -> config.feedForward();
    };
  }
}
