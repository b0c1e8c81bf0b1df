package io.octavo.layout;

import static io.octavo.layout.HandMadeModel.LAYER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.octavo.format.CorruptDataException;
import io.octavo.format.ElementFormat;
import io.octavo.quant.Granularity;
import io.octavo.quant.WeightScheme;
import io.octavo.safetensors.TensorType;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostWeight;
import io.octavo.tensor.Shape;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TestHuggingFaceFiles {

  private static final String Q = LAYER + "self_attn.q_proj";
  private static final String K = LAYER + "self_attn.k_proj";
  private static final String V = LAYER + "self_attn.v_proj";
  private static final List<String> QKV = List.of(Q + ".weight", K + ".weight", V + ".weight");
  private static final String FP8 = "{\"quant_method\": \"fp8\", \"fmt\": \"e4m3\"}";
  private static final String FP8_BLOCK =
      "{\"quant_method\": \"fp8\", \"weight_block_size\": [8, 8]}";

  @TempDir Path directory;

  private static String compressed(String format, String weights, String input) {
    return """
    {"quant_method": "compressed-tensors", "format": "%s", "ignore": ["lm_head"],
     "config_groups": {"group_0": {"targets": ["Linear"], "weights": {%s}, "input_activations": %s}}}"""
        .formatted(format, weights, input);
  }

  private static byte[] codes(int count) {
    byte[] codes = new byte[count];
    new Random(5).nextBytes(codes);
    for (int i = 0; i < count; i++) {
      codes[i] = (codes[i] & 0x7F) == 0x7F ? 0 : codes[i];
    }
    return codes;
  }

  private static float[] dense(ModelFiles files, String name, int count) {
    FloatBuffer values = FloatBuffer.allocate(count);
    files.dense(name, values);
    return values.array();
  }

  private static void assertMeans(HostWeight weight, int row, float[] expected) {
    ElementFormat element = weight.scheme().weight().orElseThrow().element();
    for (int k = 0; k < weight.columns(); k++) {
      int code = weight.values().get(row * weight.columns() + k) & 0xFF;
      assertThat(element.decode(code) * weight.scale(row, k)).isEqualTo(expected[k]);
    }
  }

  @Test
  void givesNumbersAsTheyAreStored() throws IOException {
    try (HuggingFaceFiles files = new HandMadeModel().open(directory)) {
      HostWeight weight = files.linear(QKV);

      assertThat(weight.shape()).isEqualTo(Shape.of(32, 16));
      assertThat(weight.scheme()).isEqualTo(WeightScheme.dense());
      assertThat(weight.type()).isEqualTo(DataType.F32);
      float[] k = dense(files, K + ".weight", 8 * 16);
      assertThat(weight.values().getFloat(4 * (16 * 16 + 5))).isEqualTo(k[5]);
      assertThat(weight.bias()).isEmpty();
      assertThat(files.endsOfText()).containsExactly(3, 4);
      assertThat(files.config()).isEqualTo(HandMadeModel.CONFIG);
    }
  }

  @Test
  void readsFp8WithOneScale() throws IOException {
    byte[] codes = codes(16 * 16);
    HandMadeModel model =
        new HandMadeModel()
            .quantization(FP8)
            .bytes(Q + ".weight", TensorType.F8_E4M3, Shape.of(16, 16), codes)
            .floats(Q + ".weight_scale", Shape.of(), 0.37f);
    try (HuggingFaceFiles files = model.open(directory)) {
      HostWeight weight = files.linear(List.of(Q + ".weight"));

      assertThat(weight.scheme()).isEqualTo(WeightScheme.fp8(new Granularity.PerTensor()));
      float[] values = dense(files, Q + ".weight", 16 * 16);
      for (int i = 0; i < values.length; i++) {
        assertThat(values[i]).isEqualTo(ElementFormat.E4M3.decode(codes[i] & 0xFF) * 0.37f);
        assertThat(weight.values().get(i)).isEqualTo(codes[i]);
      }
    }
  }

  /** Parts of a projection with scales of their own are one weight with a scale a row. */
  @Test
  void joinsScalesOfTensorsAndRowsAsRows() throws IOException {
    float[] rows = {1, 2, 3, 4, 5, 6, 7, 8};
    HandMadeModel model =
        new HandMadeModel()
            .quantization(FP8)
            .bytes(Q + ".weight", TensorType.F8_E4M3, Shape.of(16, 16), codes(256))
            .floats(Q + ".weight_scale", Shape.of(1), 0.25f)
            .bytes(K + ".weight", TensorType.F8_E4M3, Shape.of(8, 16), codes(128))
            .floats(K + ".weight_scale", Shape.of(8, 1), rows)
            .bytes(V + ".weight", TensorType.F8_E4M3, Shape.of(8, 16), codes(128))
            .floats(V + ".weight_scale_inv", Shape.of(), 3);
    try (HuggingFaceFiles files = model.open(directory)) {
      HostWeight weight = files.linear(QKV);

      assertThat(weight.scheme()).isEqualTo(WeightScheme.fp8(new Granularity.PerRow()));
      assertThat(files.scheme(QKV)).isEqualTo(weight.scheme());
      assertThat(weight.scale(15, 0)).isEqualTo(0.25f);
      assertThat(weight.scale(18, 9)).isEqualTo(3f);
      assertThat(weight.scale(23, 0)).isEqualTo(8f);
      assertThat(weight.scale(31, 0)).isEqualTo(3f);
      float[] k = dense(files, K + ".weight", 8 * 16);
      assertMeans(weight, 16 + 6, Arrays.copyOfRange(k, 6 * 16, 7 * 16));
    }
  }

  @Test
  void joinsBlocksWherePartsEndAtBlocksAndElseRepeatsScales() throws IOException {
    HandMadeModel model =
        new HandMadeModel()
            .quantization(FP8_BLOCK)
            .bytes(Q + ".weight", TensorType.F8_E4M3, Shape.of(16, 16), codes(256))
            .floats(Q + ".weight_scale_inv", Shape.of(2, 2), 1, 2, 3, 4)
            .bytes(K + ".weight", TensorType.F8_E4M3, Shape.of(8, 16), codes(128))
            .floats(K + ".weight_scale_inv", Shape.of(1, 2), 5, 6)
            .bytes(V + ".weight", TensorType.F8_E4M3, Shape.of(8, 16), codes(128))
            .floats(V + ".weight_scale_inv", Shape.of(1, 2), 7, 8);
    try (HuggingFaceFiles files = model.open(directory)) {
      HostWeight weight = files.linear(QKV);
      assertThat(weight.scheme()).isEqualTo(WeightScheme.fp8(new Granularity.Block(8, 8)));
      assertThat(weight.scale(9, 7)).isEqualTo(3f);
      assertThat(weight.scale(17, 8)).isEqualTo(6f);
    }
    model
        .quantization(FP8_BLOCK.replace("8, 8", "12, 8"))
        .floats(Q + ".weight_scale_inv", Shape.of(2, 2), 1, 2, 3, 4);
    try (HuggingFaceFiles files = model.open(directory)) {
      HostWeight weight = files.linear(QKV);
      assertThat(weight.scheme().weight().orElseThrow().granularity())
          .isEqualTo(new Granularity.Group(8));
      assertThat(weight.scale(11, 8)).isEqualTo(2f);
      assertThat(weight.scale(12, 8)).isEqualTo(4f);
      float[] v = dense(files, V + ".weight", 8 * 16);
      assertMeans(weight, 31, Arrays.copyOfRange(v, 7 * 16, 8 * 16));
    }
  }

  @Test
  void readsInt8AndItsInputs() throws IOException {
    byte[] codes = codes(256);
    codes[0] = -128;
    float[] scales = new float[16];
    for (int i = 0; i < scales.length; i++) {
      scales[i] = 0.5f + i;
    }
    HandMadeModel model =
        new HandMadeModel()
            .quantization(
                compressed(
                    "int-quantized",
                    "\"num_bits\": 8, \"type\": \"int\", \"strategy\": \"channel\"",
                    "{\"num_bits\": 8, \"type\": \"int\", \"strategy\": \"token\", \"dynamic\": true}"))
            .bytes(Q + ".weight", TensorType.I8, Shape.of(16, 16), codes)
            .floats(Q + ".weight_scale", Shape.of(16, 1), scales);
    try (HuggingFaceFiles files = model.open(directory)) {
      assertThat(files.scheme(List.of(Q + ".weight"))).isEqualTo(WeightScheme.int8());
      float[] values = dense(files, Q + ".weight", 256);
      assertThat(values[0]).isEqualTo(-64f);
      assertThat(values[37]).isEqualTo(codes[37] * 2.5f);
    }
  }

  /** Eight codes a word from the lowest bits up, each 8 more than its number. */
  @Test
  void readsPackedInt4() throws IOException {
    byte[] words = new byte[24 * 8];
    // Row 0: -8 -7 ... 7, which is 0 to 15 in the file.
    byte[] first = {0x10, 0x32, 0x54, 0x76, (byte) 0x98, (byte) 0xBA, (byte) 0xDC, (byte) 0xFE};
    System.arraycopy(first, 0, words, 0, 8);
    float[] scales = new float[24 * 2];
    Arrays.fill(scales, 1);
    scales[1] = 0.5f;
    String gate = LAYER + "mlp.gate_proj";
    HandMadeModel model =
        new HandMadeModel()
            .quantization(
                compressed(
                    "pack-quantized",
                    "\"num_bits\": 4, \"type\": \"int\", \"strategy\": \"group\", \"group_size\": 8, \"symmetric\": true",
                    "null"))
            .without(gate + ".weight")
            .bytes(gate + ".weight_packed", TensorType.I32, Shape.of(24, 2), words)
            .floats(gate + ".weight_scale", Shape.of(24, 2), scales)
            .bytes(
                gate + ".weight_shape",
                TensorType.I64,
                Shape.of(2),
                new byte[] {24, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0});
    try (HuggingFaceFiles files = model.open(directory)) {
      assertThat(files.scheme(List.of(gate + ".weight"))).isEqualTo(WeightScheme.w4a16(8));
      assertThat(Arrays.copyOf(dense(files, gate + ".weight", 24 * 16), 17))
          .containsExactly(-8, -7, -6, -5, -4, -3, -2, -1, 0, 0.5f, 1, 1.5f, 2, 2.5f, 3, 3.5f, -8);
      assertThat(files.has(gate + ".weight")).isTrue();
      // Beside a part of numbers its codes become numbers too.
      HostWeight joint = files.linear(List.of(gate + ".weight", LAYER + "mlp.up_proj.weight"));
      assertThat(joint.scheme()).isEqualTo(WeightScheme.dense());
      assertThat(joint.values().getFloat(4 * 15)).isEqualTo(3.5f);
    }
  }

  @Test
  void joinsBiases() throws IOException {
    HandMadeModel model =
        new HandMadeModel().floats(K + ".bias", Shape.of(8), 1, 2, 3, 4, 5, 6, 7, 8);
    try (HuggingFaceFiles files = model.open(directory)) {
      float[] bias = files.linear(QKV).bias().orElseThrow();

      assertThat(bias).hasSize(32);
      assertThat(bias[15]).isZero();
      assertThat(bias[16]).isEqualTo(1);
      assertThat(bias[24]).isZero();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"quant_method\": \"gptq\"}|quant_method gptq: known are fp8 and compressed-tensors",
        "{\"quant_method\": \"fp8\", \"fmt\": \"e5m2\"}|fmt e5m2: known is e4m3",
        "{\"quant_method\": \"compressed-tensors\", \"format\": \"marlin-24\"}|format marlin-24: known are",
        "{\"quant_method\": \"compressed-tensors\", \"config_groups\": {\"a\": {\"weights\": {\"symmetric\": false}}}}|zero points are not supported",
        "{\"quant_method\": \"compressed-tensors\", \"config_groups\": {\"a\": {\"weights\": {\"actorder\": \"group\"}}}}|columns out of order",
        "{\"quant_method\": \"compressed-tensors\", \"config_groups\": {\"a\": {\"weights\": {}, \"input_activations\": {\"num_bits\": 4}}}}|4-bit int activations"
      })
  void refusesLayoutsItDoesNotKnow(String quantization, String message) {
    assertThatThrownBy(() -> new HandMadeModel().quantization(quantization).open(directory))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @Test
  void saysWhatIsMissing() {
    HandMadeModel coded =
        new HandMadeModel().bytes(Q + ".weight", TensorType.F8_E4M3, Shape.of(16, 16), codes(256));
    assertThatThrownBy(() -> coded.open(directory))
        .isInstanceOf(CorruptDataException.class)
        .hasMessageContaining("quantization_config has no group for it");
    assertThatThrownBy(() -> coded.quantization(FP8).open(directory))
        .isInstanceOf(CorruptDataException.class)
        .hasMessageContaining("it is stored as E4M3, but has no weight_scale");
    assertThatThrownBy(
            () -> coded.floats(Q + ".weight_scale", Shape.of(3), 1, 2, 3).open(directory))
        .isInstanceOf(CorruptDataException.class)
        .hasMessageContaining("a weight of [16, 16] has 16 scales");
    assertThatThrownBy(
            () -> new HandMadeModel().floats(Q + ".weight", Shape.of(1), 1).open(directory))
        .isInstanceOf(CorruptDataException.class)
        .hasMessageContaining("shape is [1] in the file, [16, 16] by config.json");
  }

  /** Stretches that start and end within rows, blocks and packed words. */
  @Test
  void readsStretchesOfQuantizedWeights() throws IOException {
    HandMadeModel model =
        new HandMadeModel()
            .quantization(FP8_BLOCK.replace("8, 8", "5, 7"))
            .bytes(Q + ".weight", TensorType.F8_E4M3, Shape.of(16, 16), codes(256))
            .floats(Q + ".weight_scale_inv", Shape.of(4, 3), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    try (HuggingFaceFiles files = model.open(directory)) {
      float[] whole = dense(files, Q + ".weight", 256);
      for (int from = 0; from < 256; from += 13) {
        for (int count : new int[] {0, 1, 16, 43}) {
          FloatBuffer part = FloatBuffer.allocate(Math.min(count, 256 - from));
          files.dense(Q + ".weight", from, part);
          assertThat(part.array())
              .isEqualTo(Arrays.copyOfRange(whole, from, from + part.capacity()));
        }
      }
      HostWeight weight = files.linear(List.of(Q + ".weight"));
      assertMeans(weight, 11, Arrays.copyOfRange(whole, 11 * 16, 12 * 16));
    }
  }

  @Test
  void neverFailsInAnotherWayOnMutatedConfigs() throws IOException {
    String whole =
        compressed(
            "pack-quantized",
            "\"num_bits\": 4, \"type\": \"int\", \"strategy\": \"group\", \"group_size\": 8, \"symmetric\": true",
            "{\"num_bits\": 8, \"type\": \"float\", \"strategy\": \"token\", \"dynamic\": true}");
    Random random = new Random(42);
    ObjectMapper json = new ObjectMapper();
    int read = 0;
    for (int i = 0; i < 10_000; i++) {
      StringBuilder text = new StringBuilder(i % 2 == 0 ? whole : FP8_BLOCK);
      for (int edits = 1 + random.nextInt(3); edits > 0; edits--) {
        int at = random.nextInt(text.length());
        text.setCharAt(at, "0123456789-.{}[],:\" nulre*(".charAt(random.nextInt(26)));
      }
      String config = "{\"quantization_config\": " + text + "}";
      try {
        QuantizationConfig parsed = QuantizationConfig.parse(json.readTree(config));
        parsed.group("model.layers.0.mlp.up_proj");
        read++;
      } catch (JsonProcessingException e) {
        // Refused before it gets here.
      } catch (CorruptDataException | IllegalArgumentException e) {
        assertThat(e.getMessage()).as(config).isNotBlank();
      }
    }
    assertThat(read).as("mutations that still are configs").isBetween(500, 9_500);
  }
}
