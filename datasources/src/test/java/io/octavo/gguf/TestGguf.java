package io.octavo.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.octavo.format.CorruptDataException;
import io.octavo.tensor.Shape;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class TestGguf {

  @TempDir Path directory;

  private static float[] normal(int count) {
    Random random = new Random(7);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  /**
   * Blocks of {@code golden/gguf-blocks.txt}: numbers, and what the Python package gguf 0.19.0 of
   * llama.cpp's authors makes of them.
   */
  @ParameterizedTest
  @CsvSource({"Q8_0, 1", "Q4_0, 2"})
  void blocksAreThoseOfAnotherImplementation(GgufType type, int line) throws IOException {
    try (InputStream in = TestGguf.class.getResourceAsStream("/golden/gguf-blocks.txt")) {
      String[] lines = new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n");
      String[] numbers = lines[0].split(" ");
      FloatBuffer values = FloatBuffer.allocate(numbers.length);
      Arrays.stream(numbers).forEach(number -> values.put((float) Double.parseDouble(number)));
      values.flip();
      ByteBuffer bytes =
          ByteBuffer.allocate((int) type.bytes(numbers.length)).order(ByteOrder.LITTLE_ENDIAN);
      while (values.hasRemaining()) {
        type.encode(values, bytes);
      }
      assertThat(HexFormat.of().formatHex(bytes.array())).isEqualTo(lines[line]);
    }
  }

  @ParameterizedTest
  @EnumSource(GgufType.class)
  void readsWhatItWrites(GgufType type) throws IOException {
    Path file = directory.resolve("a.gguf");
    float[] matrix = normal(3 * 96);
    float[] norm = {1, 0.5f, -3e-20f};
    Map<String, GgufValue> metadata = new LinkedHashMap<>();
    metadata.put("a.word", new GgufValue.U32(7));
    metadata.put("a.text", new GgufValue.Text("Ġöß"));
    metadata.put("a.flag", new GgufValue.Bool(true));
    metadata.put("a.number", new GgufValue.F32(1e-5f));
    metadata.put(
        "a.list", new GgufValue.Array(List.of(new GgufValue.I32(-1), new GgufValue.I32(3))));
    List<GgufTensor> tensors =
        List.of(
            new GgufTensor("norm", Shape.of(3), GgufType.F32),
            new GgufTensor("matrix", Shape.of(3, 96), type));
    try (GgufWriter writer = GgufWriter.to(Files.newOutputStream(file), metadata, tensors)) {
      writer.write(FloatBuffer.wrap(norm));
      writer.write(FloatBuffer.wrap(matrix));
    }
    GgufFile read = GgufFile.open(file);

    assertThat(read.metadata()).isEqualTo(metadata);
    assertThat(read.tensors().get("matrix")).isEqualTo(tensors.get(1));
    assertThat(read.read("norm")).containsExactly(norm);
    assertThat(Files.size(file) % GgufWriter.ALIGNMENT).isZero();
    float[] values = read.read("matrix");
    double most = Map.of("F32", 0.0, "F16", 2e-3, "Q8_0", 0.02, "Q4_0", 0.45).get(type.name());
    for (int i = 0; i < values.length; i++) {
      assertThat((double) Math.abs(values[i] - matrix[i])).isLessThanOrEqualTo(most);
    }
  }

  @Test
  void refusesRowsThatAreNotWholeBlocksAndFilesThatAreCut() throws IOException {
    assertThatThrownBy(() -> new GgufTensor("w", Shape.of(2, 40), GgufType.Q8_0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("rows are not whole blocks of 32");
    Path file = directory.resolve("b.gguf");
    try (GgufWriter writer =
        GgufWriter.to(
            Files.newOutputStream(file),
            Map.of("k", new GgufValue.Text("v")),
            List.of(new GgufTensor("t", Shape.of(2), GgufType.F32)))) {
      writer.write(FloatBuffer.wrap(new float[2]));
    }
    byte[] whole = Files.readAllBytes(file);
    for (int length : new int[] {0, 3, 20, 30}) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> GgufFile.open(file)).isInstanceOf(CorruptDataException.class);
    }
  }
}
