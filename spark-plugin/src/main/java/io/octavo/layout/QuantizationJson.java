package io.octavo.layout;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.octavo.format.ElementFormat;
import io.octavo.format.IntegerFormat;
import io.octavo.quant.ActivationCast;
import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.WeightScheme;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes {@code quantization_config}. */
final class QuantizationJson {

  private static final ObjectMapper JSON = new ObjectMapper();

  private QuantizationJson() {}

  /**
   * The config of a directory.
   *
   * @param linears linear layers in their order, quantized or not
   * @throws IllegalArgumentException where the layout has no place for a scheme
   */
  static ObjectNode of(List<WeightPlan> linears, PublishedLayout layout) {
    Map<WeightScheme, List<String>> modules = new LinkedHashMap<>();
    List<String> plain = new ArrayList<>();
    for (WeightPlan plan : linears) {
      if (plan.scheme().weight().isEmpty()) {
        plain.add(plan.module());
      } else {
        modules.computeIfAbsent(plan.scheme(), scheme -> new ArrayList<>()).add(plan.module());
      }
    }
    return layout == PublishedLayout.FP8 ? fp8(modules, plain) : compressed(modules, plain);
  }

  private static ObjectNode fp8(Map<WeightScheme, List<String>> modules, List<String> plain) {
    Granularity granularity = new Granularity.PerTensor();
    for (WeightScheme scheme : modules.keySet()) {
      QuantSpec spec = scheme.weight().orElseThrow();
      granularity = spec.granularity();
      if (!spec.element().equals(ElementFormat.E4M3)
          || scheme.activation() != ActivationCast.E4M3
          || granularity instanceof Granularity.Group
          || modules.size() > 1) {
        throw new IllegalArgumentException(
            "Cannot write layout fp8 with %s: it takes E4M3 with one scale a tensor, row or block, alike for all layers; choose compressed-tensors"
                .formatted(modules.keySet()));
      }
    }
    ObjectNode node = JSON.createObjectNode();
    node.put("quant_method", QuantizationConfig.FP8);
    node.put("activation_scheme", "dynamic");
    node.put("fmt", "e4m3");
    if (granularity instanceof Granularity.Block block) {
      node.putArray("weight_block_size").add(block.rows()).add(block.columns());
    }
    plain.forEach(node.putArray("modules_to_not_convert")::add);
    return node;
  }

  private static ObjectNode compressed(
      Map<WeightScheme, List<String>> modules, List<String> plain) {
    ObjectNode node = JSON.createObjectNode();
    node.put("quant_method", QuantizationConfig.COMPRESSED);
    List<String> formats = modules.keySet().stream().map(QuantizationJson::format).toList();
    boolean alike = formats.stream().distinct().count() == 1;
    node.put("format", alike ? formats.get(0) : "mixed-precision");
    node.put("quantization_status", "compressed");
    plain.forEach(node.putArray("ignore")::add);
    ObjectNode groups = node.putObject("config_groups");
    modules.forEach(
        (scheme, names) -> {
          ObjectNode group = groups.putObject("group_" + groups.size());
          group.put("format", format(scheme));
          ArrayNode targets = group.putArray("targets");
          (modules.size() == 1 ? List.of("Linear") : names).forEach(targets::add);
          group.set("weights", weights(scheme.weight().orElseThrow()));
          group.set("input_activations", activations(scheme.activation()));
          group.putNull("output_activations");
        });
    return node;
  }

  private static String format(WeightScheme scheme) {
    ElementFormat element = scheme.weight().orElseThrow().element();
    if (element.equals(ElementFormat.E2M1)) {
      return QuantizationConfig.OWN_E2M1;
    }
    if (element.bits() == 4) {
      return "pack-quantized";
    }
    return element instanceof IntegerFormat ? "int-quantized" : "float-quantized";
  }

  private static ObjectNode weights(QuantSpec spec) {
    ObjectNode node = arguments(spec.element());
    if (spec.granularity() instanceof Granularity.Group group) {
      node.put("strategy", "group").put("group_size", group.columns());
    } else if (spec.granularity() instanceof Granularity.Block block) {
      node.put("strategy", "block");
      node.putArray("block_structure").add(block.rows()).add(block.columns());
    } else {
      boolean rows = spec.granularity() instanceof Granularity.PerRow;
      node.put("strategy", rows ? "channel" : "tensor");
    }
    return node.put("dynamic", false);
  }

  private static JsonNode activations(ActivationCast cast) {
    return cast.element()
        .<JsonNode>map(element -> arguments(element).put("strategy", "token").put("dynamic", true))
        .orElse(JSON.nullNode());
  }

  private static ObjectNode arguments(ElementFormat element) {
    return JSON.createObjectNode()
        .put("num_bits", element.bits())
        .put("type", element instanceof IntegerFormat ? "int" : "float")
        .put("symmetric", true);
  }
}
