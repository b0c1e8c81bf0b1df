package io.octavo.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.octavo.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Every type of the format: its bytes as they are, its numbers, and what is said of them. */
class TestTensorTypes {

  private static final Configuration HADOOP = new Configuration();

  @TempDir Path directory;

  private org.apache.hadoop.fs.Path file() {
    return new org.apache.hadoop.fs.Path(directory.resolve("one.safetensors").toUri());
  }

  private SafetensorsWriter writer(TensorType type, int elements) {
    return SafetensorsWriter.create(
        file(),
        HADOOP,
        List.of(new SafetensorsWriter.Declaration("t", type, Shape.of(elements))),
        Map.of());
  }

  @ParameterizedTest
  @EnumSource(TensorType.class)
  void goThereAndBackBitForBit(TensorType type) {
    byte[] raw = new byte[(int) type.bytes(36)];
    new Random(9).nextBytes(raw);
    try (SafetensorsWriter writer = writer(type, 36)) {
      writer.writeBytes(ByteBuffer.wrap(raw));
    }
    try (SafetensorsFile open = SafetensorsFile.open(file(), HADOOP)) {
      ByteBuffer read = ByteBuffer.allocate(raw.length);
      open.read(open.entry("t"), 0, read);
      assertThat(read.array()).isEqualTo(raw);
      assertThat(open.entry("t").type()).isEqualTo(type);
      assertThat(open.entry("t").elements()).isEqualTo(36);
    }
  }

  /** Numbers that every type but the unsigned and the powers of two holds. */
  @ParameterizedTest
  @EnumSource(
      value = TensorType.class,
      mode = EnumSource.Mode.EXCLUDE,
      names = {"BOOL", "U8", "U16", "U32", "U64", "F8_E8M0", "C64"})
  void holdSmallNumbers(TensorType type) {
    float[] numbers = {0, 1, -2, 3, -4, 4, 2, -3, 1, 0, -1, 3};
    try (SafetensorsWriter writer = writer(type, numbers.length)) {
      writer.writeFloats(FloatBuffer.wrap(numbers));
    }
    try (SafetensorsFile open = SafetensorsFile.open(file(), HADOOP)) {
      for (int from = 0; from < numbers.length; from++) {
        FloatBuffer read = FloatBuffer.allocate(numbers.length - from);
        open.readFloats(open.entry("t"), from, read);
        for (int i = from; i < numbers.length; i++) {
          assertThat(read.get(i - from)).as("%d from %d", i, from).isEqualTo(numbers[i]);
        }
      }
      assertThat(TensorStatistics.of(open, open.entry("t")))
          .isEqualTo(new TensorStatistics(12, -4, 4, 4, 2 / 12.0, 0));
    }
  }

  @ParameterizedTest
  @CsvSource({"1048577", "262144", "1048576"})
  void readsTensorsLongerThanAStretch(int elements) {
    for (TensorType type : List.of(TensorType.F32, TensorType.BF16, TensorType.F8_E4M3)) {
      float[] numbers = new float[elements];
      for (int i = 0; i < elements; i++) {
        numbers[i] = i % 17 - 8;
      }
      try (SafetensorsWriter writer = writer(type, elements)) {
        writer.writeFloats(FloatBuffer.wrap(numbers));
      }
      try (SafetensorsFile open = SafetensorsFile.open(file(), HADOOP)) {
        FloatBuffer read = FloatBuffer.allocate(elements - 5);
        open.readFloats(open.entry("t"), 5, read);
        for (int i = 5; i < elements; i++) {
          if (read.get(i - 5) != numbers[i]) {
            assertThat(read.get(i - 5)).as("%s %d", type, i).isEqualTo(numbers[i]);
          }
        }
        assertThat(TensorStatistics.of(open, open.entry("t")).zeroShare())
            .isCloseTo(1 / 17.0, within(1e-5));
      }
    }
  }

  /** Codes packed by hand: F4's even element in the low nibble, four of F6 in three bytes. */
  @ParameterizedTest
  @CsvSource({
    "F4, 72 5F, '1 6 -6 3'",
    "F6_E2M3, 88 00 F8, '1 0.25 0 -7'",
    "F6_E3M2, 4C F0 7F, '1 0.0625 -28 28'",
    "F8_E4M3, 7E B8 01, '448 -1 0.001953125'",
    "F8_E5M2, 7B BC, '57344 -1'",
    "F8_E4M3FNUZ, 7F 40, '240 1'",
    "F8_E5M2FNUZ, 7F 40, '57344 1'",
    "F8_E8M0, 7F 80 00, '1 2 5.877471754111438E-39'",
    "F16, 00 3C 00 C0 01 00, '1 -2 5.9604644775390625E-8'",
    "BF16, 80 3F 40 C0, '1 -3'",
    "BOOL, 00 01, '0 1'",
    "U8, FF, 255",
    "I8, FF, -1",
    "U16, FF FF, 65535",
    "I16, FE FF, -2",
    "U32, FF FF FF FF, 4294967295",
    "I32, FE FF FF FF, -2",
    "U64, 00 00 00 00 00 00 00 80, 9223372036854775808",
    "I64, FF FF FF FF FF FF FF FF, -1",
    "F64, 00 00 00 00 00 00 F8 3F, 1.5"
  })
  void meanTheseNumbers(TensorType type, String hex, String numbers) {
    String[] digits = hex.split(" ");
    ByteBuffer bytes = ByteBuffer.allocate(digits.length).order(ByteOrder.LITTLE_ENDIAN);
    for (String digit : digits) {
      bytes.put((byte) Integer.parseInt(digit, 16));
    }
    String[] expected = numbers.split(" ");
    for (int i = 0; i < expected.length; i++) {
      assertThat(type.read(bytes, i)).isEqualTo(Double.parseDouble(expected[i]));
    }
  }

  @Test
  void countsNansAndLeavesThemOut() {
    float[] numbers = {Float.NaN, 0, -3, Float.NEGATIVE_INFINITY, Float.NaN};
    try (SafetensorsWriter writer = writer(TensorType.F32, numbers.length)) {
      writer.writeFloats(FloatBuffer.wrap(numbers));
    }
    try (SafetensorsFile open = SafetensorsFile.open(file(), HADOOP)) {
      assertThat(TensorStatistics.of(open, open.entry("t")))
          .isEqualTo(
              new TensorStatistics(
                  3, Double.NEGATIVE_INFINITY, 0, Double.POSITIVE_INFINITY, 0.2, 2));
    }
  }

  @Test
  void refusesNumbersOfComplexTensorsAndNamesThatAreTaken() throws IOException {
    try (SafetensorsWriter writer = writer(TensorType.C64, 1)) {
      writer.writeBytes(ByteBuffer.allocate(8));
    }
    try (SafetensorsFile open = SafetensorsFile.open(file(), HADOOP)) {
      assertThatThrownBy(() -> open.readFloats(open.entry("t"), 0, FloatBuffer.allocate(1)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("its type is C64");
      assertThat(TensorStatistics.of(open, open.entry("t"))).isEqualTo(TensorStatistics.NONE);
    }
    var twice = new SafetensorsWriter.Declaration("t", TensorType.F32, Shape.of(1));
    var metadata = new SafetensorsWriter.Declaration("__metadata__", TensorType.F32, Shape.of(1));
    for (var tensors : List.of(List.of(twice, twice), List.of(metadata))) {
      assertThatThrownBy(() -> SafetensorsWriter.create(file(), HADOOP, tensors, Map.of("a", "b")))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("the name is taken");
    }
    assertThatThrownBy(() -> TensorType.F4.bytes(3)).hasMessageContaining("whole bytes");
  }
}
