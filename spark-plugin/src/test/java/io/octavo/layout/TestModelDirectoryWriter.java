package io.octavo.layout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.octavo.format.ElementFormat;
import io.octavo.format.IntegerFormat;
import io.octavo.model.Parameter;
import io.octavo.model.ParameterLayout;
import io.octavo.quant.Granularity;
import io.octavo.quant.WeightScheme;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostWeight;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What is written is read again bit for bit. */
class TestModelDirectoryWriter {

  private static final Configuration HADOOP = new Configuration();
  private static final String SHARD = ModelDirectoryWriter.shardName(0, 1);

  @TempDir Path directory;

  static Stream<Arguments> schemes() {
    PublishedLayout compressed = PublishedLayout.COMPRESSED_TENSORS;
    return Stream.of(
        Arguments.of(PublishedLayout.FP8, WeightScheme.fp8(new Granularity.PerTensor())),
        Arguments.of(PublishedLayout.FP8, WeightScheme.fp8(new Granularity.PerRow())),
        Arguments.of(PublishedLayout.FP8, WeightScheme.fp8(new Granularity.Block(5, 7))),
        Arguments.of(compressed, WeightScheme.fp8(new Granularity.PerTensor())),
        Arguments.of(compressed, WeightScheme.fp8(new Granularity.PerRow())),
        Arguments.of(compressed, WeightScheme.fp8(new Granularity.Block(8, 8))),
        Arguments.of(compressed, WeightScheme.int8()),
        Arguments.of(compressed, WeightScheme.w4a16(5)),
        Arguments.of(compressed, WeightScheme.w4a8(new IntegerFormat(4), 16)),
        Arguments.of(compressed, WeightScheme.w4a8(ElementFormat.E2M1, 6)));
  }

  /** Every code that a format has, minus its NaNs; scales that need all their bits. */
  private static HostWeight weight(Shape shape, WeightScheme scheme, Random random) {
    var spec = scheme.weight().orElseThrow();
    ByteBuffer codes = ByteBuffer.allocate((int) shape.elements()).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < codes.capacity(); i++) {
      int code = (i + random.nextInt(3)) & (1 << spec.element().bits()) - 1;
      codes.put(i, (byte) (Float.isNaN(spec.element().decode(code)) ? 0 : code));
    }
    int groups = (int) QuantizedTensor.scaleShape(spec.granularity(), shape).elements();
    float[] scales = new float[groups];
    for (int i = 0; i < groups; i++) {
      scales[i] = (float) Math.exp(random.nextGaussian() * 4);
    }
    return new HostWeight(
        shape, scheme, DataType.U8, codes, FloatBuffer.wrap(scales), Optional.empty());
  }

  private static boolean isLinear(Parameter parameter) {
    return parameter.matrix() && parameter.name().contains("layers");
  }

  private HuggingFaceFiles write(
      PublishedLayout layout, Map<String, HostWeight> weights, Path source) {
    List<Parameter> parameters =
        ParameterLayout.of(HandMadeModel.CONFIG).units().stream()
            .flatMap(unit -> unit.parameters().stream())
            .toList();
    try (HuggingFaceFiles from =
        HuggingFaceFiles.open(new org.apache.hadoop.fs.Path(source.toUri()), HADOOP)) {
      List<WeightPlan> plans =
          parameters.stream()
              .map(
                  parameter ->
                      weights.containsKey(parameter.name())
                          ? WeightPlan.codes(
                              parameter.name(),
                              parameter.shape(),
                              weights.get(parameter.name()).scheme())
                          : from.plan(parameter.name(), parameter.shape()))
              .toList();
      var target = new org.apache.hadoop.fs.Path(directory.resolve("to").toUri());
      ModelDirectoryWriter writer = new ModelDirectoryWriter(target, HADOOP, layout);
      writer.shard(
          SHARD,
          "7",
          plans,
          shard -> {
            for (Parameter parameter : parameters) {
              if (weights.containsKey(parameter.name())) {
                shard.codes(weights.get(parameter.name()));
              } else {
                FloatBuffer values = FloatBuffer.allocate((int) parameter.shape().elements());
                from.dense(parameter.name(), values);
                shard.numbers(values.flip());
              }
            }
          });
      List<String> linears =
          parameters.stream()
              .filter(p -> isLinear(p) || p.name().equals("lm_head.weight"))
              .map(Parameter::name)
              .toList();
      writer.finish(new org.apache.hadoop.fs.Path(source.toUri()), Map.of(SHARD, plans), linears);
      return HuggingFaceFiles.open(target, HADOOP);
    }
  }

  private Path source() throws IOException {
    Path source = Files.createDirectory(directory.resolve("from"));
    new HandMadeModel().open(source).close();
    Files.writeString(source.resolve("generation_config.json"), "{\"eos_token_id\": 9}");
    return source;
  }

  @ParameterizedTest
  @MethodSource("schemes")
  void readsTheSameBits(PublishedLayout layout, WeightScheme scheme) throws IOException {
    Random random = new Random(3);
    Map<String, HostWeight> weights = new LinkedHashMap<>();
    for (var unit : ParameterLayout.of(HandMadeModel.CONFIG).units()) {
      for (Parameter parameter : unit.parameters()) {
        if (isLinear(parameter)) {
          weights.put(parameter.name(), weight(parameter.shape(), scheme, random));
        }
      }
    }
    Path source = source();
    try (HuggingFaceFiles files = write(layout, weights, source);
        HuggingFaceFiles from =
            HuggingFaceFiles.open(new org.apache.hadoop.fs.Path(source.toUri()), HADOOP)) {
      weights.forEach(
          (name, weight) -> {
            HostWeight read = files.linear(List.of(name));
            assertThat(read.scheme()).isEqualTo(scheme);
            assertThat(read.values()).isEqualTo(weight.values());
            assertThat(bits(read.scales())).isEqualTo(bits(weight.scales()));
          });
      HostWeight head = files.linear(List.of("lm_head.weight"));
      assertThat(head).isEqualTo(from.linear(List.of("lm_head.weight")));
      assertThat(files.endsOfText()).containsExactly(3, 4, 9);
      assertThat(files.config()).isEqualTo(HandMadeModel.CONFIG);
    }
    assertThat(directory.resolve("to").toFile().list())
        .filteredOn(name -> !name.endsWith(".crc"))
        .containsExactlyInAnyOrder(
            "config.json", "generation_config.json", SHARD, "model.safetensors.index.json");
  }

  private static int[] bits(FloatBuffer values) {
    int[] bits = new int[values.remaining()];
    for (int i = 0; i < bits.length; i++) {
      bits[i] = Float.floatToRawIntBits(values.get(i));
    }
    return bits;
  }

  /** Layers in different formats, as a report may suggest. */
  @Test
  void readsMixedSchemes() throws IOException {
    String gate = HandMadeModel.LAYER + "mlp.gate_proj.weight";
    String down = HandMadeModel.LAYER + "mlp.down_proj.weight";
    Random random = new Random(4);
    Map<String, HostWeight> weights =
        Map.of(
            gate, weight(Shape.of(24, 16), WeightScheme.w4a16(8), random),
            down, weight(Shape.of(16, 24), WeightScheme.int8(), random));
    Path source = source();
    try (HuggingFaceFiles files = write(PublishedLayout.COMPRESSED_TENSORS, weights, source)) {
      assertThat(files.scheme(List.of(gate))).isEqualTo(WeightScheme.w4a16(8));
      assertThat(files.scheme(List.of(down))).isEqualTo(WeightScheme.int8());
      assertThat(files.scheme(List.of(HandMadeModel.LAYER + "mlp.up_proj.weight")))
          .isEqualTo(WeightScheme.dense());
    }
    assertThatThrownBy(() -> write(PublishedLayout.FP8, weights, source))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("choose compressed-tensors");
  }
}
