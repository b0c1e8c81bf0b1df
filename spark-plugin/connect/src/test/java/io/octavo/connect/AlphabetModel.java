package io.octavo.connect;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.StringJoiner;

/**
 * A Llama of one layer whose answers are known beforehand: after byte {@code b} it expects {@code b
 * + 1}. Attention and feed-forward add nothing and embeddings are unit vectors, so that the logit
 * of the successor is {@code sqrt(WIDTH)} and all others are 0. Written by hand: a client has no
 * class of Octavo.
 */
final class AlphabetModel {

  /** Tokens, and width of the residual stream: bytes, end of text, and some that never occur. */
  private static final int WIDTH = 272;

  private static final int INNER = 32;

  private static final String CONFIG =
      """
      {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": %d, "hidden_size": %d,
       "intermediate_size": %d, "num_hidden_layers": 1, "num_attention_heads": 4, "num_key_value_heads": 4,
       "max_position_embeddings": 64, "rms_norm_eps": 1e-12, "rope_theta": 10000.0, "hidden_act": "silu",
       "tie_word_embeddings": false, "eos_token_id": 256, "torch_dtype": "float32"}
      """
          .formatted(WIDTH, WIDTH, INNER);

  private record Tensor(String shape, float[] values) {}

  private final Map<String, Tensor> tensors = new LinkedHashMap<>();

  private AlphabetModel() {
    float[] embedding = matrix("model.embed_tokens", WIDTH, WIDTH);
    float[] head = matrix("lm_head", WIDTH, WIDTH);
    for (int token = 0; token < WIDTH; token++) {
      embedding[token * WIDTH + token] = 1;
      head[(token + 1) % WIDTH * WIDTH + token] = 1;
    }
    String layer = "model.layers.0.";
    for (String name : new String[] {"q", "k", "v", "o"}) {
      matrix(layer + "self_attn." + name + "_proj", WIDTH, WIDTH);
    }
    matrix(layer + "mlp.gate_proj", INNER, WIDTH);
    matrix(layer + "mlp.up_proj", INNER, WIDTH);
    matrix(layer + "mlp.down_proj", WIDTH, INNER);
    norm("model.norm");
    norm(layer + "input_layernorm");
    norm(layer + "post_attention_layernorm");
  }

  /** Nats of a token that is the successor of the one before it. */
  static double expectedToken() {
    return Math.log1p((WIDTH - 1) * Math.exp(-Math.sqrt(WIDTH)));
  }

  /** Nats of any other token. */
  static double otherToken() {
    return expectedToken() + Math.sqrt(WIDTH);
  }

  static void write(Path directory) throws IOException {
    Files.writeString(directory.resolve("config.json"), CONFIG);
    Files.write(directory.resolve("model.safetensors"), new AlphabetModel().safetensors());
  }

  private float[] matrix(String name, int rows, int columns) {
    float[] zeros = new float[rows * columns];
    tensors.put(name + ".weight", new Tensor("[%d,%d]".formatted(rows, columns), zeros));
    return zeros;
  }

  private void norm(String name) {
    float[] ones = new float[WIDTH];
    Arrays.fill(ones, 1);
    tensors.put(name + ".weight", new Tensor("[%d]".formatted(WIDTH), ones));
  }

  /** The header's length, the header, the numbers. */
  private byte[] safetensors() {
    StringJoiner entries = new StringJoiner(",", "{", "}");
    int end = 0;
    for (Map.Entry<String, Tensor> each : tensors.entrySet()) {
      int start = end;
      end += Float.BYTES * each.getValue().values().length;
      entries.add(
          "\"%s\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
              .formatted(each.getKey(), each.getValue().shape(), start, end));
    }
    byte[] header = entries.toString().getBytes(StandardCharsets.UTF_8);
    ByteBuffer file =
        ByteBuffer.allocate(Long.BYTES + header.length + end).order(ByteOrder.LITTLE_ENDIAN);
    file.putLong(header.length).put(header);
    for (Tensor tensor : tensors.values()) {
      file.asFloatBuffer().put(tensor.values());
      file.position(file.position() + Float.BYTES * tensor.values().length);
    }
    return file.array();
  }
}
