package io.octavo.model;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.octavo.format.CorruptDataException;
import java.util.List;

/**
 * {@code config.json} of Hugging Face, in the style of transformers 4 ({@code rope_theta}, {@code
 * rope_scaling}) and 5 ({@code rope_parameters}).
 */
public final class HuggingFaceConfig {

  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  // A file may claim any shape: these bounds, far above every model there is, keep what is planned
  // from it small, and products of two of them in range.
  private static final int MOST_LAYERS = 4096;
  private static final int MOST_HEADS = 1 << 14;
  private static final int MOST_WIDTH = 1 << 16;
  private static final int MOST_WORDS = 1 << 24;

  private static final List<String> ARCHITECTURES = List.of("LlamaForCausalLM");

  private HuggingFaceConfig() {}

  /**
   * Reads a config.
   *
   * @throws CorruptDataException where it is not valid JSON or lacks a field
   * @throws IllegalArgumentException where the architecture is not known
   */
  public static ModelConfig parse(String json) {
    try {
      return read(JSON.readTree(json));
    } catch (JsonProcessingException e) {
      throw new CorruptDataException(
          "Cannot read config.json: not valid JSON: " + e.getOriginalMessage(), e);
    }
  }

  private static ModelConfig read(JsonNode root) {
    if (!root.isObject()) {
      throw new CorruptDataException("Cannot read config.json: it is not a JSON object");
    }
    requireArchitecture(root);
    int hidden = integer(root, "hidden_size", 16 * MOST_WIDTH);
    int heads = integer(root, "num_attention_heads", MOST_HEADS);
    JsonNode headDim = root.path("head_dim");
    if (headDim.isMissingNode() || headDim.isNull()) {
      requireDivides(hidden, heads);
    }
    return new ModelConfig(
        integer(root, "vocab_size", MOST_WORDS),
        hidden,
        integer(root, "intermediate_size", 16 * MOST_WIDTH),
        integer(root, "num_hidden_layers", MOST_LAYERS),
        heads,
        integerOr(root, "num_key_value_heads", MOST_HEADS, heads),
        integerOr(root, "head_dim", MOST_WIDTH, hidden / Math.max(1, heads)),
        integer(root, "max_position_embeddings", Integer.MAX_VALUE),
        floatOr(root, "rms_norm_eps", 1e-6),
        ropeTheta(root),
        ropeScaling(root),
        flag(root, "attention_bias"),
        flag(root, "mlp_bias"),
        flag(root, "tie_word_embeddings"),
        floatOr(root, "initializer_range", 0.02));
  }

  private static void requireDivides(int hidden, int heads) {
    if (heads <= 0 || hidden % heads != 0) {
      throw new CorruptDataException(
          "Cannot read config.json: hidden_size %d is not a multiple of num_attention_heads %d and head_dim is missing"
              .formatted(hidden, heads));
    }
  }

  private static void requireArchitecture(JsonNode root) {
    JsonNode names = root.path("architectures");
    String name = names.path(0).asText(root.path("model_type").asText("none"));
    if (!ARCHITECTURES.contains(name) && !name.equals("llama")) {
      throw new IllegalArgumentException(
          "Cannot load model of architecture %s: known are %s".formatted(name, ARCHITECTURES));
    }
    String activation = root.path("hidden_act").asText("silu");
    if (!activation.equals("silu")) {
      throw new IllegalArgumentException(
          "Cannot load model with hidden_act %s: known is silu".formatted(activation));
    }
  }

  private static int integer(JsonNode root, String name, int most) {
    JsonNode value = root.path(name);
    if (!value.isInt() || value.intValue() <= 0 || value.intValue() > most) {
      throw new CorruptDataException(
          "Cannot read config.json: %s is %s (expected a whole number of 1 or more, at most %d)"
              .formatted(name, value.isMissingNode() ? "missing" : value, most));
    }
    return value.intValue();
  }

  private static int integerOr(JsonNode root, String name, int most, int otherwise) {
    return root.hasNonNull(name) ? integer(root, name, most) : otherwise;
  }

  private static boolean flag(JsonNode root, String name) {
    JsonNode value = root.path(name);
    if (root.hasNonNull(name) && !value.isBoolean()) {
      throw new CorruptDataException(
          "Cannot read config.json: %s is %s (expected true or false)".formatted(name, value));
    }
    return value.asBoolean(false);
  }

  private static float floatOr(JsonNode root, String name, double otherwise) {
    float value = (float) numberOr(root, name, otherwise);
    if (value == 0 || Float.isInfinite(value)) {
      throw new CorruptDataException(
          "Cannot read config.json: %s is %s (expected a number that FP32 holds)"
              .formatted(name, root.path(name)));
    }
    return value;
  }

  private static double number(JsonNode root, String name) {
    JsonNode value = root.path(name);
    if (!value.isNumber() || !Double.isFinite(value.doubleValue()) || value.doubleValue() <= 0) {
      throw new CorruptDataException(
          "Cannot read config.json: %s is %s (expected a number above 0)"
              .formatted(name, value.isMissingNode() ? "missing" : value));
    }
    return value.doubleValue();
  }

  private static double numberOr(JsonNode root, String name, double otherwise) {
    return root.hasNonNull(name) ? number(root, name) : otherwise;
  }

  private static double ropeTheta(JsonNode root) {
    JsonNode parameters = root.path("rope_parameters");
    return parameters.hasNonNull("rope_theta")
        ? number(parameters, "rope_theta")
        : numberOr(root, "rope_theta", 10_000);
  }

  private static RopeScaling ropeScaling(JsonNode root) {
    JsonNode scaling =
        root.hasNonNull("rope_parameters")
            ? root.path("rope_parameters")
            : root.path("rope_scaling");
    if (!scaling.isObject()) {
      return new RopeScaling.Default();
    }
    String type = scaling.path("rope_type").asText(scaling.path("type").asText("default"));
    return switch (type) {
      case "default" -> new RopeScaling.Default();
      case "linear" -> new RopeScaling.Linear(number(scaling, "factor"));
      case "llama3" -> llama3(scaling);
      default ->
          throw new IllegalArgumentException(
              "Cannot load model with rope_type %s: known are default, linear, llama3"
                  .formatted(type));
    };
  }

  private static RopeScaling llama3(JsonNode scaling) {
    double low = number(scaling, "low_freq_factor");
    double high = number(scaling, "high_freq_factor");
    if (high <= low) {
      throw new CorruptDataException(
          "Cannot read config.json: high_freq_factor is %s (expected more than low_freq_factor %s)"
              .formatted(high, low));
    }
    return new RopeScaling.Llama3(
        number(scaling, "factor"), low, high, number(scaling, "original_max_position_embeddings"));
  }

  /**
   * Writes a config that transformers 4 and 5 read.
   *
   * @param dtype type the weights are stored in, such as {@code float32}
   * @param endOfText id that ends a text; -1 for none
   */
  public static String write(ModelConfig config, String dtype, int endOfText) {
    ObjectNode root = JSON.createObjectNode();
    root.putArray("architectures").add("LlamaForCausalLM");
    root.put("model_type", "llama");
    root.put("vocab_size", config.vocabulary());
    root.put("hidden_size", config.hidden());
    root.put("intermediate_size", config.feedForward());
    root.put("num_hidden_layers", config.layers());
    root.put("num_attention_heads", config.heads());
    root.put("num_key_value_heads", config.keyValueHeads());
    root.put("head_dim", config.headSize());
    root.put("max_position_embeddings", config.contextLength());
    root.put("rms_norm_eps", Double.parseDouble(Float.toString(config.normEpsilon())));
    root.put("hidden_act", "silu");
    root.put("attention_bias", config.attentionBias());
    root.put("mlp_bias", config.feedForwardBias());
    root.put("tie_word_embeddings", config.tiedHead());
    root.put("initializer_range", Double.parseDouble(Float.toString(config.initializerRange())));
    root.put("dtype", dtype);
    root.put("torch_dtype", dtype);
    root.put("rope_theta", config.ropeTheta());
    ObjectNode rope = ropeNode(config);
    root.set("rope_parameters", rope.deepCopy().put("rope_theta", config.ropeTheta()));
    if (config.ropeScaling() instanceof RopeScaling.Default) {
      root.putNull("rope_scaling");
    } else {
      root.set("rope_scaling", rope);
    }
    root.putNull("bos_token_id");
    if (endOfText >= 0) {
      root.put("eos_token_id", endOfText);
    } else {
      root.putNull("eos_token_id");
    }
    root.put("use_cache", true);
    return root.toPrettyString() + "\n";
  }

  private static ObjectNode ropeNode(ModelConfig config) {
    ObjectNode rope = JSON.createObjectNode();
    if (config.ropeScaling() instanceof RopeScaling.Linear linear) {
      rope.put("rope_type", "linear").put("factor", linear.factor());
    } else if (config.ropeScaling() instanceof RopeScaling.Llama3 llama3) {
      rope.put("rope_type", "llama3")
          .put("factor", llama3.factor())
          .put("low_freq_factor", llama3.lowFrequencyFactor())
          .put("high_freq_factor", llama3.highFrequencyFactor())
          .put("original_max_position_embeddings", (long) llama3.originalContext());
    } else {
      rope.put("rope_type", "default");
    }
    return rope;
  }

  /** The id that ends a text, of a config; -1 where it names none. */
  public static int endOfText(String json) {
    try {
      JsonNode id = JSON.readTree(json).path("eos_token_id");
      JsonNode first = id.isArray() ? id.path(0) : id;
      return first.isInt() ? first.intValue() : -1;
    } catch (JsonProcessingException e) {
      throw new CorruptDataException(
          "Cannot read config.json: not valid JSON: " + e.getOriginalMessage(), e);
    }
  }
}
