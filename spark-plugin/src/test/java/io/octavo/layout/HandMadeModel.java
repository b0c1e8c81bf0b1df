package io.octavo.layout;

import io.octavo.model.ModelConfig;
import io.octavo.model.Parameter;
import io.octavo.model.ParameterLayout;
import io.octavo.safetensors.SafetensorsWriter;
import io.octavo.safetensors.TensorType;
import io.octavo.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** A directory of one small layer whose tensors a test replaces byte by byte. */
final class HandMadeModel {

  /** 16 wide, 24 inside, 2 query heads of 8 and 1 key head. */
  static final ModelConfig CONFIG = ModelConfig.llama(11, 16, 24, 1, 2, 1, 32);

  static final String LAYER = "model.layers.0.";

  private record Content(TensorType type, Shape shape, byte[] bytes) {}

  private final Map<String, Content> tensors = new LinkedHashMap<>();
  private String quantization = "";

  HandMadeModel() {
    for (var unit : ParameterLayout.of(CONFIG).units()) {
      for (Parameter parameter : unit.parameters()) {
        int elements = (int) parameter.shape().elements();
        float[] values = new float[elements];
        for (int i = 0; i < elements; i++) {
          values[i] = (i * 7 % 19 - 9) / 8f;
        }
        floats(parameter.name(), parameter.shape(), values);
      }
    }
  }

  HandMadeModel quantization(String json) {
    quantization = ", \"quantization_config\": " + json;
    return this;
  }

  HandMadeModel without(String name) {
    tensors.remove(name);
    return this;
  }

  HandMadeModel floats(String name, Shape shape, float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return bytes(name, TensorType.F32, shape, bytes.array());
  }

  HandMadeModel bytes(String name, TensorType type, Shape shape, byte... bytes) {
    tensors.put(name, new Content(type, shape, bytes));
    return this;
  }

  /** Writes config and weights. */
  HuggingFaceFiles open(java.nio.file.Path directory) throws IOException {
    Files.writeString(
        directory.resolve("config.json"),
        """
        {"architectures": ["LlamaForCausalLM"], "hidden_size": 16, "intermediate_size": 24,
         "max_position_embeddings": 32, "rms_norm_eps": 1e-5, "num_attention_heads": 2, "num_key_value_heads": 1,
         "num_hidden_layers": 1, "vocab_size": 11, "eos_token_id": [3, 4]%s}"""
            .formatted(quantization));
    List<SafetensorsWriter.Declaration> declarations = new ArrayList<>();
    tensors.forEach(
        (name, content) ->
            declarations.add(
                new SafetensorsWriter.Declaration(name, content.type(), content.shape())));
    Path file = new Path(directory.resolve("model.safetensors").toUri());
    try (SafetensorsWriter writer =
        SafetensorsWriter.create(file, new Configuration(), declarations, Map.of())) {
      tensors.values().forEach(content -> writer.writeBytes(ByteBuffer.wrap(content.bytes())));
    }
    return HuggingFaceFiles.open(new Path(directory.toUri()), new Configuration());
  }
}
