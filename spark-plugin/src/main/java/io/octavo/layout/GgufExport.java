package io.octavo.layout;

import com.fasterxml.jackson.databind.JsonNode;
import io.octavo.gguf.GgufTensor;
import io.octavo.gguf.GgufType;
import io.octavo.gguf.GgufValue;
import io.octavo.gguf.GgufWriter;
import io.octavo.model.ModelConfig;
import io.octavo.model.Parameter;
import io.octavo.model.ParameterLayout;
import io.octavo.tensor.Shape;
import io.octavo.tokens.TokenizerSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * Writes a model directory as one GGUF file for llama.cpp and what reads its files. Matrices are
 * {@code F16}, {@code Q8_0} or {@code Q4_0}; with {@code Q4_0} embedding and head are {@code Q8_0};
 * norms and biases are {@code F32}. Quantized directories are written from the numbers that their
 * codes mean.
 */
public final class GgufExport {

  private static final String FREQUENCIES = "rope_freqs.weight";

  private final HuggingFaceFiles source;
  private final ModelConfig config;
  private final GgufType type;

  private GgufExport(HuggingFaceFiles source, GgufType type) {
    this.source = source;
    this.config = source.config();
    this.type = type;
  }

  /**
   * Writes a file, replacing what is there.
   *
   * @param type of matrices; those whose rows are not whole blocks are {@code F16}
   */
  public static void write(Path directory, Path file, GgufType type, Configuration hadoop) {
    try (HuggingFaceFiles source = HuggingFaceFiles.open(directory, hadoop)) {
      new GgufExport(source, type).write(file, new Path(directory.toString()).getName(), hadoop);
    }
  }

  private void write(Path file, String name, Configuration hadoop) {
    List<Parameter> parameters =
        ParameterLayout.of(config).units().stream()
            .flatMap(unit -> unit.parameters().stream())
            .toList();
    List<GgufTensor> tensors = new ArrayList<>();
    GgufMetadata.frequencyFactors(config)
        .ifPresent(
            factors ->
                tensors.add(new GgufTensor(FREQUENCIES, Shape.of(factors.length), GgufType.F32)));
    parameters.forEach(parameter -> tensors.add(tensor(parameter)));
    Map<String, GgufValue> metadata = GgufMetadata.of(config, name, type);
    metadata.putAll(tokenizer());
    try (GgufWriter writer =
        GgufWriter.to(file.getFileSystem(hadoop).create(file, true), metadata, tensors)) {
      GgufMetadata.frequencyFactors(config)
          .ifPresent(factors -> writer.write(FloatBuffer.wrap(factors)));
      parameters.forEach(parameter -> writer.write(FloatBuffer.wrap(values(parameter))));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + file + ": " + e.getMessage(), e);
    }
  }

  private GgufTensor tensor(Parameter parameter) {
    return new GgufTensor(GgufNames.of(parameter.name()), parameter.shape(), typeOf(parameter));
  }

  private GgufType typeOf(Parameter parameter) {
    if (!parameter.matrix()) {
      return GgufType.F32;
    }
    boolean words =
        parameter.name().equals("lm_head.weight")
            || parameter.name().equals("model.embed_tokens.weight");
    GgufType wanted = words && type == GgufType.Q4_0 ? GgufType.Q8_0 : type;
    return parameter.shape().columns() % wanted.block() == 0 ? wanted : GgufType.F16;
  }

  private float[] values(Parameter parameter) {
    FloatBuffer values = FloatBuffer.allocate(Math.toIntExact(parameter.shape().elements()));
    source.dense(parameter.name(), values);
    boolean llama = GgufMetadata.architecture(config).equals("llama");
    if (llama && parameter.name().contains(".q_proj.")) {
      return interleaved(values.array(), config.heads());
    }
    return llama && parameter.name().contains(".k_proj.")
        ? interleaved(values.array(), config.keyValueHeads())
        : values.array();
  }

  /** Llama.cpp turns neighbouring rows of a head where Hugging Face turns row i and i + D/2. */
  private float[] interleaved(float[] values, int heads) {
    int half = config.headSize() / 2;
    int columns = values.length / (heads * config.headSize());
    float[] result = new float[values.length];
    for (int head = 0; head < heads; head++) {
      for (int i = 0; i < config.headSize(); i++) {
        int from = (head * config.headSize() + i) * columns;
        int to = (head * config.headSize() + 2 * (i % half) + i / half) * columns;
        System.arraycopy(values, from, result, to, columns);
      }
    }
    return result;
  }

  private Map<String, GgufValue> tokenizer() {
    TokenizerSpec spec = source.tokenizer();
    Map<String, GgufValue> values =
        spec.isBytes()
            ? GgufTokenizer.bytes(config.vocabulary())
            : GgufTokenizer.of(spec.json(), config.vocabulary());
    JsonNode json = source.configJson();
    JsonNode begin = json.path("bos_token_id");
    if (begin.isInt()) {
      values.put("tokenizer.ggml.bos_token_id", new GgufValue.U32(begin.asInt()));
    }
    source.endsOfText().stream()
        .findFirst()
        .ifPresent(id -> values.put("tokenizer.ggml.eos_token_id", new GgufValue.U32(id)));
    return values;
  }
}
