package io.octavo.ptq;

import io.octavo.layout.HuggingFaceFiles;
import io.octavo.layout.ModelDirectoryWriter;
import io.octavo.layout.PublishedLayout;
import io.octavo.layout.WeightPlan;
import io.octavo.model.Parameter;
import io.octavo.model.ParameterLayout;
import io.octavo.model.ParameterUnit;
import io.octavo.tensor.Shape;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * Quantizes a model directory into another, one decoder layer a shard. Shards are independent:
 * {@link #shard} may run anywhere and in any order, {@link #finish} when all are written.
 */
public final class ModelQuantizer {

  private static final String EMBEDDING = "model.embed_tokens.weight";

  private final HuggingFaceFiles source;
  private final QuantizationPlan plan;
  private final QuantizationMethod method;
  private final PublishedLayout layout;
  private final List<ParameterUnit> units;

  /** A quantizer of an open directory. */
  public ModelQuantizer(
      HuggingFaceFiles source,
      QuantizationPlan plan,
      QuantizationMethod method,
      PublishedLayout layout) {
    this.source = source;
    this.plan = plan;
    this.method = method;
    this.layout = layout;
    this.units = ParameterLayout.of(source.config()).units();
  }

  /** Quantizes a whole directory in this process. */
  public static List<LayerReport> run(
      Path from,
      Path to,
      Configuration hadoop,
      QuantizationPlan plan,
      QuantizationMethod method,
      PublishedLayout layout) {
    try (HuggingFaceFiles source = HuggingFaceFiles.open(from, hadoop)) {
      ModelQuantizer quantizer = new ModelQuantizer(source, plan, method, layout);
      ModelDirectoryWriter writer = new ModelDirectoryWriter(to, hadoop, layout);
      List<LayerReport> reports = new ArrayList<>();
      for (int shard = 0; shard < quantizer.shards(); shard++) {
        reports.addAll(quantizer.shard(shard, "0", writer));
      }
      quantizer.finish(from, writer);
      return reports;
    }
  }

  /** Number of shards. */
  public int shards() {
    return units.size();
  }

  /**
   * Quantizes and writes one shard.
   *
   * @param attempt names the try
   * @return a report for each of its linear layers
   */
  public List<LayerReport> shard(int shard, String attempt, ModelDirectoryWriter writer) {
    ParameterUnit unit = units.get(shard);
    List<LayerReport> reports = new ArrayList<>();
    writer.shard(
        ModelDirectoryWriter.shardName(shard, shards()),
        attempt,
        plans(unit),
        target -> unit.parameters().forEach(parameter -> write(parameter, target, reports)));
    return reports;
  }

  /** Writes what all shards share. */
  public void finish(Path from, ModelDirectoryWriter writer) {
    Map<String, List<WeightPlan>> plans = new LinkedHashMap<>();
    for (int shard = 0; shard < shards(); shard++) {
      plans.put(ModelDirectoryWriter.shardName(shard, shards()), plans(units.get(shard)));
    }
    List<String> linears =
        units.stream()
            .flatMap(unit -> unit.parameters().stream())
            .filter(ModelQuantizer::isLinear)
            .map(Parameter::name)
            .toList();
    writer.finish(from, plans, linears);
  }

  private static boolean isLinear(Parameter parameter) {
    return parameter.matrix() && !parameter.name().equals(EMBEDDING);
  }

  private List<WeightPlan> plans(ParameterUnit unit) {
    return unit.parameters().stream().map(this::planOf).toList();
  }

  private WeightPlan planOf(Parameter parameter) {
    WeightPlan stored = source.plan(parameter.name(), parameter.shape());
    LayerMethod chosen = methodOf(parameter, stored);
    return chosen.scheme().weight().isPresent()
        ? WeightPlan.codes(parameter.name(), parameter.shape(), chosen.scheme())
        : stored;
  }

  private LayerMethod methodOf(Parameter parameter, WeightPlan stored) {
    return isLinear(parameter) ? plan.methodOf(stored.module()) : LayerMethod.NONE;
  }

  private void write(
      Parameter parameter, ModelDirectoryWriter.ShardWriter target, List<LayerReport> reports) {
    WeightPlan stored = source.plan(parameter.name(), parameter.shape());
    LayerMethod chosen = methodOf(parameter, stored);
    if (chosen.scheme().weight().isPresent()) {
      QuantizedWeight cast = cast(parameter, chosen);
      target.codes(cast.weight());
      reports.add(report(stored, planOf(parameter), chosen, cast));
      return;
    }
    if (stored.scheme().weight().isPresent()) {
      target.codes(source.linear(List.of(parameter.name())));
    } else {
      target.numbers(FloatBuffer.wrap(numbers(parameter)));
    }
    if (isLinear(parameter)) {
      reports.add(untouched(stored));
    }
  }

  private QuantizedWeight cast(Parameter parameter, LayerMethod chosen) {
    return method
        .quantizer(chosen.constraint())
        .quantize(
            parameter.name(),
            numbers(parameter),
            parameter.shape(),
            chosen.scheme(),
            method.calibration());
  }

  private float[] numbers(Parameter parameter) {
    FloatBuffer values = FloatBuffer.allocate(Math.toIntExact(parameter.shape().elements()));
    source.dense(parameter.name(), values);
    return values.array();
  }

  private LayerReport report(
      WeightPlan stored, WeightPlan written, LayerMethod chosen, QuantizedWeight cast) {
    Shape shape = stored.shape();
    return new LayerReport(
        stored.module(),
        shape.rows(),
        shape.columns(),
        chosen.schemeName(),
        cast.error().relative(),
        cast.error().sqnr(),
        cast.error().clipped(),
        cast.error().underflowed(),
        cast.clampedScales(),
        stored.bytes(layout),
        written.bytes(layout));
  }

  private LayerReport untouched(WeightPlan stored) {
    long bytes = stored.bytes(layout);
    return new LayerReport(
        stored.module(),
        stored.shape().rows(),
        stored.shape().columns(),
        LayerMethod.NONE.schemeName(),
        0,
        Double.POSITIVE_INFINITY,
        0,
        0,
        0,
        bytes,
        bytes);
  }
}
