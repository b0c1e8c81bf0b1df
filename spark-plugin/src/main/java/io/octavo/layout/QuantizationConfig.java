package io.octavo.layout;

import com.fasterxml.jackson.databind.JsonNode;
import io.octavo.format.CorruptDataException;
import io.octavo.quant.ActivationCast;
import io.octavo.quant.Granularity;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** {@code quantization_config} of a config.json: which layers are quantized how. */
record QuantizationConfig(List<LayerGroup> groups) {

  static final String FP8 = "fp8";
  static final String COMPRESSED = "compressed-tensors";
  static final String OWN_E2M1 = "octavo-e2m1";

  private static final Set<String> FORMATS =
      Set.of(
          "dense",
          "float-quantized",
          "int-quantized",
          "naive-quantized",
          "pack-quantized",
          "mixed-precision");

  /** Reads a config; one without {@code quantization_config} has no groups. */
  static QuantizationConfig parse(JsonNode config) {
    JsonNode node = config.path("quantization_config");
    if (!node.isObject()) {
      return new QuantizationConfig(List.of());
    }
    String method = node.path("quant_method").asText("none");
    return switch (method) {
      case FP8 -> new QuantizationConfig(List.of(fp8(node)));
      case COMPRESSED -> new QuantizationConfig(compressed(node));
      default ->
          throw new IllegalArgumentException(
              "Cannot load model with quant_method %s: known are %s and %s"
                  .formatted(method, FP8, COMPRESSED));
    };
  }

  /** The group of a module. */
  Optional<LayerGroup> group(String module) {
    return groups.stream().filter(group -> group.holds(module)).findFirst();
  }

  private static LayerGroup fp8(JsonNode node) {
    String format = node.path("fmt").asText("e4m3");
    if (!format.equals("e4m3")) {
      throw new IllegalArgumentException(
          "Cannot load fp8 model with fmt %s: known is e4m3".formatted(format));
    }
    JsonNode block = node.path("weight_block_size");
    return new LayerGroup(
        List.of("Linear"),
        block.isArray() ? Optional.of(block(block)) : Optional.empty(),
        ActivationCast.E4M3);
  }

  private static Granularity block(JsonNode extents) {
    int rows = extents.path(0).asInt();
    int columns = extents.path(1).asInt();
    if (extents.size() != 2 || rows < 1 || columns < 1) {
      throw new CorruptDataException(
          "Cannot read quantization_config: its block size is %s (expected two numbers of 1 or more)"
              .formatted(extents));
    }
    return new Granularity.Block(rows, columns);
  }

  private static List<LayerGroup> compressed(JsonNode node) {
    requireFormat(node.path("format").asText("dense"));
    JsonNode sparsity = node.path("sparsity_config").path("format");
    if (!sparsity.asText("dense").equals("dense")) {
      throw new IllegalArgumentException(
          "Cannot load model with sparsity_config format %s: known is dense"
              .formatted(sparsity.asText()));
    }
    List<LayerGroup> groups = new ArrayList<>();
    for (JsonNode group : node.path("config_groups")) {
      if (group.hasNonNull("format")) {
        requireFormat(group.path("format").asText());
      }
      groups.add(group(group));
    }
    return groups;
  }

  private static void requireFormat(String format) {
    if (!FORMATS.contains(format) && !format.equals(OWN_E2M1)) {
      throw new IllegalArgumentException(
          "Cannot load compressed-tensors model of format %s: known are %s and %s"
              .formatted(format, FORMATS.stream().sorted().toList(), OWN_E2M1));
    }
  }

  private static LayerGroup group(JsonNode group) {
    JsonNode weights = group.path("weights");
    if (!weights.path("symmetric").asBoolean(true)) {
      throw new IllegalArgumentException(
          "Cannot load compressed-tensors model with asymmetric weights: zero points are not supported, quantize it with symmetric weights");
    }
    if (weights.path("actorder").asText("").equals("group")) {
      throw new IllegalArgumentException(
          "Cannot load compressed-tensors model with actorder group: columns out of order are not supported, quantize it with actorder weight or none");
    }
    List<String> targets = new ArrayList<>();
    group.path("targets").forEach(target -> targets.add(target.asText()));
    return new LayerGroup(targets, granularity(weights), activation(group));
  }

  private static Optional<Granularity> granularity(JsonNode weights) {
    String strategy = weights.path("strategy").asText("tensor");
    return switch (strategy) {
      case "tensor", "channel" -> Optional.empty();
      case "group" -> Optional.of(new Granularity.Group(weights.path("group_size").asInt()));
      case "block" -> Optional.of(block(weights.path("block_structure")));
      default ->
          throw new IllegalArgumentException(
              "Cannot load compressed-tensors model with weight strategy %s: known are tensor, channel, group, block"
                  .formatted(strategy));
    };
  }

  /** Inputs are cast token by token also where the files hold a scale measured before. */
  private static ActivationCast activation(JsonNode group) {
    JsonNode input = group.path("input_activations");
    if (!input.isObject()) {
      return ActivationCast.NONE;
    }
    String type = input.path("type").asText("int");
    int bits = input.path("num_bits").asInt(8);
    if (bits != 8 || !type.equals("int") && !type.equals("float")) {
      throw new IllegalArgumentException(
          "Cannot load compressed-tensors model with %d-bit %s activations: known are int and float of 8 bits"
              .formatted(bits, type));
    }
    return type.equals("float") ? ActivationCast.E4M3 : ActivationCast.INT8;
  }
}
