package io.octavo.layout;

import io.octavo.gguf.GgufType;
import io.octavo.gguf.GgufValue;
import io.octavo.model.Architecture;
import io.octavo.model.ModelConfig;
import io.octavo.model.RopeScaling;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** What llama.cpp wants to know of a model beside its tensors and its tokenizer. */
final class GgufMetadata {

  private static final int QUANTIZATION_VERSION = 2;

  private GgufMetadata() {}

  /** Llama.cpp's name of the architecture; it computes Mistral as Llama. */
  static String architecture(ModelConfig config) {
    return switch (Architecture.of(config)) {
      case LLAMA, MISTRAL -> "llama";
      case QWEN2 -> "qwen2";
      case QWEN3 -> "qwen3";
    };
  }

  static Map<String, GgufValue> of(ModelConfig config, String name, GgufType type) {
    Map<String, GgufValue> values = new LinkedHashMap<>();
    String prefix = architecture(config) + ".";
    values.put("general.architecture", new GgufValue.Text(architecture(config)));
    values.put("general.type", new GgufValue.Text("model"));
    values.put("general.name", new GgufValue.Text(name));
    values.put("general.file_type", new GgufValue.U32(type.fileType()));
    values.put("general.quantization_version", new GgufValue.U32(QUANTIZATION_VERSION));
    values.put(prefix + "vocab_size", new GgufValue.U32(config.vocabulary()));
    values.put(prefix + "context_length", new GgufValue.U32(context(config)));
    values.put(prefix + "embedding_length", new GgufValue.U32(config.hidden()));
    values.put(prefix + "block_count", new GgufValue.U32(config.layers()));
    values.put(prefix + "feed_forward_length", new GgufValue.U32(config.feedForward()));
    values.put(prefix + "attention.head_count", new GgufValue.U32(config.heads()));
    values.put(prefix + "attention.head_count_kv", new GgufValue.U32(config.keyValueHeads()));
    values.put(prefix + "attention.key_length", new GgufValue.U32(config.headSize()));
    values.put(prefix + "attention.value_length", new GgufValue.U32(config.headSize()));
    values.put(
        prefix + "attention.layer_norm_rms_epsilon", new GgufValue.F32(config.normEpsilon()));
    values.put(prefix + "rope.dimension_count", new GgufValue.U32(config.headSize()));
    values.put(prefix + "rope.freq_base", new GgufValue.F32((float) config.ropeTheta()));
    putScaling(config.ropeScaling(), prefix + "rope.scaling.", values);
    return values;
  }

  /** Llama.cpp computes no windows here: within one, all positions are seen anyway. */
  private static int context(ModelConfig config) {
    int window = config.variant().window();
    return window > 0 ? Math.min(window, config.contextLength()) : config.contextLength();
  }

  private static void putScaling(
      RopeScaling scaling, String prefix, Map<String, GgufValue> values) {
    if (scaling instanceof RopeScaling.Linear linear) {
      values.put(prefix + "type", new GgufValue.Text("linear"));
      values.put(prefix + "factor", new GgufValue.F32((float) linear.factor()));
    } else if (scaling instanceof RopeScaling.Yarn yarn) {
      values.put(prefix + "type", new GgufValue.Text("yarn"));
      values.put(prefix + "factor", new GgufValue.F32((float) yarn.factor()));
      values.put(
          prefix + "original_context_length", new GgufValue.U32((int) yarn.originalContext()));
      values.put(
          prefix + "attn_factor",
          new GgufValue.F32((float) (yarn.attentionFactor() / usualFactor(yarn.factor()))));
      values.put(prefix + "yarn_beta_fast", new GgufValue.F32((float) yarn.fast()));
      values.put(prefix + "yarn_beta_slow", new GgufValue.F32((float) yarn.slow()));
    }
  }

  /** What llama.cpp multiplies by itself. */
  private static double usualFactor(double factor) {
    return factor <= 1 ? 1 : 1 + 0.1 * Math.log(factor);
  }

  /** What each frequency is divided by, as a tensor: how llama.cpp has llama3's scaling. */
  static Optional<float[]> frequencyFactors(ModelConfig config) {
    if (!(config.ropeScaling() instanceof RopeScaling.Llama3 llama3)) {
      return Optional.empty();
    }
    float[] factors = new float[config.headSize() / 2];
    for (int i = 0; i < factors.length; i++) {
      double frequency = Math.pow(config.ropeTheta(), -2.0 * i / config.headSize());
      factors[i] = (float) (frequency / llama3.scale(frequency));
    }
    return Optional.of(factors);
  }
}
