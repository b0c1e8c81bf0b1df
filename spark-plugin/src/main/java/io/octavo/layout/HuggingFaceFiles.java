package io.octavo.layout;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.octavo.format.CorruptDataException;
import io.octavo.model.HuggingFaceConfig;
import io.octavo.model.ModelConfig;
import io.octavo.model.Parameter;
import io.octavo.model.ParameterLayout;
import io.octavo.quant.WeightScheme;
import io.octavo.safetensors.ModelWeights;
import io.octavo.tensor.HostWeight;
import io.octavo.tensor.Shape;
import io.octavo.tokens.TokenizerSpec;
import java.nio.FloatBuffer;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** A Hugging Face directory: config.json, tokenizer.json, safetensors in any known layout. */
public final class HuggingFaceFiles implements ModelFiles {

  private final DirectoryText text;
  private final ModelConfig config;
  private final QuantizationConfig quantization;
  private final ModelWeights weights;

  private HuggingFaceFiles(
      DirectoryText text,
      ModelConfig config,
      QuantizationConfig quantization,
      ModelWeights weights) {
    this.text = text;
    this.config = config;
    this.quantization = quantization;
    this.weights = weights;
  }

  /**
   * Opens a directory and compares all weights with its config.
   *
   * @throws IllegalArgumentException where architecture or layout is not known
   * @throws CorruptDataException where files are not sound or do not fit together
   */
  public static HuggingFaceFiles open(Path directory, Configuration hadoop) {
    DirectoryText text = new DirectoryText(directory, hadoop);
    String json = text.config();
    ModelConfig config = HuggingFaceConfig.parse(json);
    QuantizationConfig quantization = QuantizationConfig.parse(tree(json));
    ModelWeights weights = ModelWeights.open(directory, hadoop);
    try {
      HuggingFaceFiles files = new HuggingFaceFiles(text, config, quantization, weights);
      files.check();
      return files;
    } catch (RuntimeException e) {
      weights.close();
      throw e;
    }
  }

  /** The fields of config.json. */
  JsonNode configJson() {
    return tree(text.config());
  }

  private static JsonNode tree(String json) {
    try {
      return new ObjectMapper().readTree(json);
    } catch (JsonProcessingException e) {
      throw new CorruptDataException(
          "Cannot read config.json: not valid JSON: " + e.getOriginalMessage(), e);
    }
  }

  private void check() {
    ParameterLayout.of(config)
        .units()
        .forEach(unit -> unit.parameters().forEach(this::requireShape));
  }

  /**
   * Compares a weight with the config.
   *
   * @throws CorruptDataException where its shape is another
   */
  public void requireShape(Parameter parameter) {
    Shape found =
        parameter.matrix() ? stored(parameter.name()).shape() : weights.shape(parameter.name());
    if (!found.equals(parameter.shape())) {
      throw new CorruptDataException(
          "Cannot load %s: shape is %s in the file, %s by config.json"
              .formatted(parameter.name(), found, parameter.shape()));
    }
  }

  private StoredWeight stored(String name) {
    return StoredWeight.of(weights, quantization, name);
  }

  @Override
  public ModelConfig config() {
    return config;
  }

  @Override
  public TokenizerSpec tokenizer() {
    return text.tokenizer();
  }

  @Override
  public List<Integer> endsOfText() {
    Set<Integer> ids = new LinkedHashSet<>(HuggingFaceConfig.endsOfText(text.config()));
    text.generationConfig().ifPresent(json -> ids.addAll(HuggingFaceConfig.endsOfText(json)));
    return List.copyOf(ids);
  }

  /** Bytes that {@link #linear} of these names takes on a device, about; headers say it. */
  public long packedBytes(List<String> names) {
    return fused(names).packedBytes();
  }

  private FusedWeight fused(List<String> names) {
    return FusedWeight.of(weights, names.stream().map(this::stored).toList());
  }

  /** Text that changes when a file of a directory does: names, sizes and times. */
  public static String fingerprintOf(Path directory, Configuration hadoop) {
    return new DirectoryText(directory, hadoop).fingerprint();
  }

  /**
   * Checksums of a directory's files: as the file system keeps them, else made by reading all of
   * them.
   */
  public static String checksumOf(Path directory, Configuration hadoop) {
    return new DirectoryText(directory, hadoop).checksum();
  }

  @Override
  public boolean has(String name) {
    return StoredWeight.exists(weights, name);
  }

  /** A weight, norm or bias as it is stored. */
  public WeightPlan plan(String name, Shape shape) {
    if (shape.rank() < 2) {
      return WeightPlan.numbers(name, shape, weights.type(name));
    }
    StoredWeight stored = stored(name);
    return stored.scheme().weight().isPresent()
        ? WeightPlan.codes(name, shape, stored.scheme())
        : WeightPlan.numbers(name, shape, stored.type());
  }

  @Override
  public WeightScheme scheme(List<String> names) {
    return fused(names).scheme();
  }

  @Override
  public HostWeight linear(List<String> names) {
    return fused(names).read();
  }

  @Override
  public void dense(String name, long from, FloatBuffer target) {
    if (weights.has(name) && !name.endsWith(".weight")) {
      weights.read(name, from, target);
      return;
    }
    stored(name).read(from, target);
  }

  @Override
  public void close() {
    weights.close();
  }
}
