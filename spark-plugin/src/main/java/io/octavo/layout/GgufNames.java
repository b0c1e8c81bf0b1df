package io.octavo.layout;

/** Names of llama.cpp for Hugging Face's. */
final class GgufNames {

  private static final String LAYERS = "model.layers.";

  private GgufNames() {}

  static String of(String name) {
    return switch (name) {
      case "model.embed_tokens.weight" -> "token_embd.weight";
      case "model.norm.weight" -> "output_norm.weight";
      case "lm_head.weight" -> "output.weight";
      default -> inLayer(name);
    };
  }

  private static String inLayer(String name) {
    int end = name.indexOf('.', LAYERS.length());
    int last = name.lastIndexOf('.');
    String part =
        switch (name.substring(end + 1, last)) {
          case "input_layernorm" -> "attn_norm";
          case "post_attention_layernorm" -> "ffn_norm";
          case "self_attn.q_proj" -> "attn_q";
          case "self_attn.k_proj" -> "attn_k";
          case "self_attn.v_proj" -> "attn_v";
          case "self_attn.o_proj" -> "attn_output";
          case "self_attn.q_norm" -> "attn_q_norm";
          case "self_attn.k_norm" -> "attn_k_norm";
          case "mlp.gate_proj" -> "ffn_gate";
          case "mlp.up_proj" -> "ffn_up";
          case "mlp.down_proj" -> "ffn_down";
          default -> throw new IllegalArgumentException("Cannot name " + name + " in GGUF");
        };
    return "blk." + name.substring(LAYERS.length(), end) + "." + part + name.substring(last);
  }
}
