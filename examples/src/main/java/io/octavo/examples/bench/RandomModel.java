package io.octavo.examples.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.octavo.model.HuggingFaceConfig;
import io.octavo.model.ModelConfig;
import io.octavo.model.Parameter;
import io.octavo.model.ParameterLayout;
import io.octavo.safetensors.SafetensorsWriter;
import io.octavo.safetensors.ShardedModelWriter;
import io.octavo.safetensors.TensorType;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;

/** A directory with a Llama of random weights, for measurements that do not ask what it says. */
final class RandomModel {

  private static final int CONTEXT = 1024;
  private static final long SHARD_BYTES = 4L << 30;
  private static final float DEVIATION = 0.02f;
  private static final int BYTES = 256;

  private RandomModel() {}

  /** Writes a model of hidden size, layers, heads, feed-forward width and vocabulary. */
  static void write(Path directory, int[] sizes) throws IOException {
    ModelConfig config =
        ModelConfig.llama(sizes[4], sizes[0], sizes[3], sizes[1], sizes[2], sizes[2], CONTEXT);
    Files.createDirectories(directory);
    Files.writeString(
        directory.resolve("config.json"), HuggingFaceConfig.write(config, "float32", sizes[4] - 1));
    Files.writeString(directory.resolve("tokenizer.json"), tokenizer(sizes[4]));
    List<Parameter> parameters =
        ParameterLayout.of(config).units().stream()
            .flatMap(unit -> unit.parameters().stream())
            .toList();
    List<SafetensorsWriter.Declaration> declarations =
        parameters.stream()
            .map(p -> new SafetensorsWriter.Declaration(p.name(), TensorType.F32, p.shape()))
            .toList();
    TrainingData weights = new TrainingData(1, DEVIATION);
    try (ShardedModelWriter writer =
        new ShardedModelWriter(
            new org.apache.hadoop.fs.Path(directory.toUri()),
            new Configuration(false),
            declarations,
            SHARD_BYTES)) {
      for (Parameter parameter : parameters) {
        FloatBuffer values = FloatBuffer.allocate(Math.toIntExact(parameter.shape().elements()));
        weights.read(parameter, 0, values);
        writer.write(values.flip());
      }
    }
  }

  /** Bytes as their letters in byte-level BPE, then words that no text has. */
  private static String tokenizer(int vocabulary) {
    ObjectMapper json = new ObjectMapper();
    ObjectNode root = json.createObjectNode().put("version", "1.0");
    root.putArray("added_tokens");
    byteLevel(root.putObject("pre_tokenizer"));
    byteLevel(root.putObject("decoder"));
    ObjectNode model = root.putObject("model").put("type", "BPE");
    ObjectNode words = model.putObject("vocab");
    int others = 0;
    for (int value = 0; value < BYTES; value++) {
      boolean shown = value > ' ' && value < 127 || value > 160 && value != 173;
      words.put(String.valueOf((char) (shown ? value : BYTES + others++)), value);
    }
    for (int id = BYTES; id < vocabulary; id++) {
      words.put("w" + id, id);
    }
    model.putArray("merges");
    return root.toString();
  }

  private static void byteLevel(ObjectNode step) {
    step.put("type", "ByteLevel").put("add_prefix_space", false).put("trim_offsets", true);
  }
}
