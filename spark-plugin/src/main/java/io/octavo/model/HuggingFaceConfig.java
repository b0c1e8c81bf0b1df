package io.octavo.model;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.octavo.format.CorruptDataException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

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

  // What transformers takes where the config of a Qwen leaves it out.
  private static final int QWEN_FULL_LAYERS = 28;

  private static final List<String> ARCHITECTURES =
      Arrays.stream(Architecture.values()).map(Architecture::className).toList();

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
    Architecture architecture = architecture(root);
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
        architecture.readsBiasFlags() && flag(root, "attention_bias"),
        architecture.readsBiasFlags() && flag(root, "mlp_bias"),
        flag(root, "tie_word_embeddings"),
        floatOr(root, "initializer_range", 0.02),
        variant(root, architecture));
  }

  private static AttentionVariant variant(JsonNode root, Architecture architecture) {
    int layers = integer(root, "num_hidden_layers", MOST_LAYERS);
    boolean windowed =
        architecture == Architecture.MISTRAL
            || architecture.hasWindowFlag() && flag(root, "use_sliding_window");
    int window = windowed ? integerOr(root, "sliding_window", Integer.MAX_VALUE, 0) : 0;
    Set<Integer> full = new HashSet<>();
    for (int layer = 0; window > 0 && layer < layers; layer++) {
      JsonNode type = root.path("layer_types").path(layer);
      boolean slides =
          type.isTextual()
              ? type.asText().equals("sliding_attention")
              : architecture == Architecture.MISTRAL
                  || layer >= root.path("max_window_layers").asInt(QWEN_FULL_LAYERS);
      if (!slides) {
        full.add(layer);
      }
    }
    return new AttentionVariant(
        architecture == Architecture.QWEN2,
        architecture == Architecture.QWEN3,
        full.size() == layers ? 0 : window,
        full.size() == layers ? Set.of() : full);
  }

  private static void requireDivides(int hidden, int heads) {
    if (heads <= 0 || hidden % heads != 0) {
      throw new CorruptDataException(
          "Cannot read config.json: hidden_size %d is not a multiple of num_attention_heads %d and head_dim is missing"
              .formatted(hidden, heads));
    }
  }

  private static Architecture architecture(JsonNode root) {
    JsonNode names = root.path("architectures");
    String name = names.path(0).asText(root.path("model_type").asText("none"));
    requireSilu(root);
    return Architecture.of(name)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "Cannot load model of architecture %s: known are %s"
                        .formatted(name, ARCHITECTURES)));
  }

  private static void requireSilu(JsonNode root) {
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
      // Within the context that the model is made for, dynamic scaling changes nothing.
      case "default", "dynamic" -> new RopeScaling.Default();
      case "linear" -> new RopeScaling.Linear(number(scaling, "factor"));
      case "llama3" -> llama3(scaling);
      case "yarn" -> yarn(root, scaling);
      default ->
          throw new IllegalArgumentException(
              "Cannot load model with rope_type %s: known are default, dynamic, linear, llama3, yarn"
                  .formatted(type));
    };
  }

  private static RopeScaling yarn(JsonNode root, JsonNode scaling) {
    double factor = number(scaling, "factor");
    int heads = integer(root, "num_attention_heads", MOST_HEADS);
    int size =
        integerOr(
            root, "head_dim", MOST_WIDTH, integer(root, "hidden_size", 16 * MOST_WIDTH) / heads);
    double all = numberOr(scaling, "mscale_all_dim", 0.0);
    double attention =
        scaling.hasNonNull("mscale") && all > 0
            ? magnitude(factor, number(scaling, "mscale")) / magnitude(factor, all)
            : magnitude(factor, 1);
    return new RopeScaling.Yarn(
        factor,
        numberOr(scaling, "beta_fast", 32),
        numberOr(scaling, "beta_slow", 1),
        numberOr(
            scaling, "original_max_position_embeddings", number(root, "max_position_embeddings")),
        numberOr(scaling, "attention_factor", attention),
        ropeTheta(root),
        size);
  }

  private static double magnitude(double factor, double scale) {
    return factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;
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
    Architecture architecture = Architecture.of(config);
    root.putArray("architectures").add(architecture.className());
    root.put("model_type", architecture.modelType());
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
    writeWindow(root, config, architecture);
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

  private static void writeWindow(ObjectNode root, ModelConfig config, Architecture architecture) {
    int window = config.variant().window();
    if (architecture.hasWindowFlag()) {
      root.put("use_sliding_window", window > 0);
    }
    if (window > 0) {
      root.put("sliding_window", window);
      ArrayNode types = root.putArray("layer_types");
      for (int layer = 0; layer < config.layers(); layer++) {
        types.add(config.variant().windowOf(layer) > 0 ? "sliding_attention" : "full_attention");
      }
    } else if (architecture == Architecture.MISTRAL) {
      root.putNull("sliding_window");
    }
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
    } else if (config.ropeScaling() instanceof RopeScaling.Yarn yarn) {
      rope.put("rope_type", "yarn")
          .put("factor", yarn.factor())
          .put("beta_fast", yarn.fast())
          .put("beta_slow", yarn.slow())
          .put("attention_factor", yarn.attentionFactor())
          .put("original_max_position_embeddings", (long) yarn.originalContext());
    } else {
      rope.put("rope_type", "default");
    }
    return rope;
  }

  /** The id that ends a text, of a config; -1 where it names none. */
  public static int endOfText(String json) {
    return endsOfText(json).stream().findFirst().orElse(-1);
  }

  /** All ids that end a text, of a config or a generation config. */
  public static List<Integer> endsOfText(String json) {
    try {
      JsonNode id = JSON.readTree(json).path("eos_token_id");
      List<Integer> ids = new ArrayList<>();
      (id.isArray() ? id : JSON.createArrayNode().add(id))
          .forEach(
              one -> {
                if (one.isInt() && one.intValue() >= 0) {
                  ids.add(one.intValue());
                }
              });
      return List.copyOf(ids);
    } catch (JsonProcessingException e) {
      throw new CorruptDataException(
          "Cannot read config.json: not valid JSON: " + e.getOriginalMessage(), e);
    }
  }
}
