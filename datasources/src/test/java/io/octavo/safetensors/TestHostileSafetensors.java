package io.octavo.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.octavo.format.CorruptDataException;
import io.octavo.golden.GoldenFiles;
import io.octavo.tensor.Allocations;
import io.octavo.tensor.Shape;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sound files come back bit for bit, unsound ones give one kind of error. */
class TestHostileSafetensors {

  private static final Configuration HADOOP = hadoop();

  private static final int LONG_HEADER = 100_000_000;
  private static final long MOST_BYTES = 4L << 20;

  @TempDir Path directory;

  /** Without checksum files beside every file. */
  private static Configuration hadoop() {
    Configuration hadoop = new Configuration();
    hadoop.set("fs.file.impl", "org.apache.hadoop.fs.RawLocalFileSystem");
    return hadoop;
  }

  private static org.apache.hadoop.fs.Path path(Path path) {
    return new org.apache.hadoop.fs.Path(path.toUri());
  }

  private byte[] valid() throws IOException {
    Path file = directory.resolve("valid.safetensors");
    List<SafetensorsWriter.Declaration> tensors =
        List.of(
            new SafetensorsWriter.Declaration("a", TensorType.F32, Shape.of(2, 3)),
            new SafetensorsWriter.Declaration("b", TensorType.BF16, Shape.of(5)),
            new SafetensorsWriter.Declaration("c", TensorType.F8_E4M3, Shape.of(1, 7)));
    try (SafetensorsWriter writer =
        SafetensorsWriter.create(path(file), HADOOP, tensors, Map.of("format", "pt"))) {
      writer.writeFloats(FloatBuffer.wrap(new float[] {1, 2, 3, 4, 5, 6}));
      writer.writeFloats(FloatBuffer.wrap(new float[] {1, -2, 3, -4, 5}));
      writer.writeFloats(FloatBuffer.wrap(new float[] {0, 1, 2, 3, 4, 448, -448}));
    }
    return Files.readAllBytes(file);
  }

  /** Reads everything in a file. */
  private void readAll(byte[] bytes) throws IOException {
    Path file = directory.resolve("mutant.safetensors");
    Files.write(file, bytes);
    try (SafetensorsFile open = SafetensorsFile.open(path(file), HADOOP)) {
      for (TensorEntry entry : open.entries()) {
        open.readFloats(entry, 0, FloatBuffer.allocate((int) entry.elements()));
      }
    }
  }

  private static byte[] withHeader(String json, int dataBytes) {
    byte[] header = json.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + header.length + dataBytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(header.length)
        .put(header)
        .array();
  }

  @Test
  void readsTenThousandMutationsOrSaysWhatIsWrong() throws IOException {
    byte[] valid = valid();
    Random random = new Random(20261124);
    int refused = 0;
    for (int i = 0; i < 10_000; i++) {
      byte[] mutant = mutate(valid, random);
      long before = Allocations.ofThisThread();
      try {
        readAll(mutant);
      } catch (CorruptDataException e) {
        assertThat(e).hasMessageContaining("Cannot read");
        refused++;
      }
      assertThat(Allocations.ofThisThread() - before)
          .as("bytes taken for mutation %d", i)
          .isLessThan(MOST_BYTES);
    }
    assertThat(refused).isGreaterThan(5_000);
  }

  private static byte[] mutate(byte[] valid, Random random) {
    byte[] mutant = valid.clone();
    switch (random.nextInt(4)) {
      case 0 -> mutant = Arrays.copyOf(mutant, random.nextInt(mutant.length));
      case 1 ->
          ByteBuffer.wrap(mutant).order(ByteOrder.LITTLE_ENDIAN).putLong(0, random.nextLong());
      case 2 -> {
        // A digit, bracket or quote of the header becomes another.
        byte[] signs = "0123456789[]{},:\"x".getBytes(StandardCharsets.US_ASCII);
        int header = (int) ByteBuffer.wrap(valid).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
        for (int n = random.nextInt(3); n >= 0; n--) {
          mutant[8 + random.nextInt(header)] = signs[random.nextInt(signs.length)];
        }
      }
      default -> mutant[random.nextInt(mutant.length)] ^= (byte) (1 << random.nextInt(8));
    }
    return mutant;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}} | Duplicate field",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},'b':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}} | neither overlap nor leave gaps",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}} | neither overlap nor leave gaps",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}} | its tensors end at byte",
        "{'a':{'dtype':'F32','shape':[4611686018427387904,4],'data_offsets':[0,8]}} | overflows",
        "{'a':{'dtype':'F32','shape':[3],'data_offsets':[0,8]}} | needs 12 bytes",
        "{'a':{'dtype':'F32','shape':[-1],'data_offsets':[0,8]}} | expected whole numbers of 0 or more",
        "{'a':{'dtype':'F33','shape':[2],'data_offsets':[0,8]}} | unknown dtype",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[8,0]}} | begin <= end",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,99999999999]}} | begin <= end",
        "{'a':{'shape':[2],'data_offsets':[0,8]}} | unknown dtype",
        "{'a':7} | unknown dtype",
        "{'a':{'dtype':'F32','shape':[2]}} | has no data_offsets",
        "{'a':{'dtype':'F32','data_offsets':[0,8]}} | has no shape",
        "{'a':{'dtype':'F32','shape':7,'data_offsets':[0,8]}} | no valid shape",
        "{'a':{'dtype':'F32','shape':[2.0],'data_offsets':[0,8]}} | has 2.0 in its shape",
        "{'a':{'dtype':'F32','shape':['2'],'data_offsets':[0,8]}} | has 2 in its shape",
        "{'a':{'dtype':'F32','shape':[18446744073709551615],'data_offsets':[0,8]}} | has 18446744073709551615 in its shape",
        "{'a':{'dtype':'F32','shape':[2,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],'data_offsets':[0,8]}} | at most 16 numbers",
        "{'a':{'dtype':'F32','dtype':'F32','shape':[2],'data_offsets':[0,8]}} | Duplicate field",
        "{'a':{'dtype':'F4','shape':[15],'data_offsets':[0,8]}} | do not fill whole bytes",
        "{'a':{'dtype':'F6_E2M3','shape':[10],'data_offsets':[0,8]}} | do not fill whole bytes",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]}}{} | goes on after its JSON object",
        "{'__metadata__':{'a':7}} | entry a is not a string",
        "{'__metadata__':7} | __metadata__ is not an object",
        "[] | not a JSON object",
        "{'a': | not valid JSON"
      })
  void namesTheFault(String json, String fault) {
    assertThatThrownBy(() -> readAll(withHeader(json.replace('\'', '"'), 8)))
        .isInstanceOf(CorruptDataException.class)
        .hasMessageContaining(fault);
  }

  @ParameterizedTest
  @CsvSource({"100000000", "100000001", "9223372036854775807", "-1", "0"})
  void refusesHeaderLengthsBeyondTheFileBeforeAllocating(long length) {
    byte[] bytes =
        ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length).array();
    assertThatThrownBy(() -> readAll(bytes))
        .isInstanceOf(CorruptDataException.class)
        .hasMessageContaining("header length");
  }

  /** Headers of 100 MB that are there; the file system stores their zeros as a hole. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "{\"a\":",
        "{\"a\":{\"shape\":[",
        "{\"",
        "{\"a\":{\"dtype\":\"",
        "{\"__metadata__\":{\"a\":\""
      })
  void refusesLongHeadersOfZeros(String start) throws IOException {
    Path file = directory.resolve("long.safetensors");
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      out.write(lengthOf(LONG_HEADER));
      out.write(start.getBytes(StandardCharsets.UTF_8));
      out.setLength(8 + LONG_HEADER + 1);
    }
    refusesWithoutHoldingIt(file);
  }

  /** A name, a string and white space that do not end before the header does. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {"{\"|x", "{\"a\":{\"dtype\":\"|x", "{\"__metadata__\":{\"a\":\"b\"}}|` `"})
  void refusesLongHeadersOfOneThing(String start, String filler) throws IOException {
    Path file = directory.resolve("long.safetensors");
    byte[] block = filler.repeat(1 << 20).getBytes(StandardCharsets.UTF_8);
    try (OutputStream out = Files.newOutputStream(file)) {
      out.write(lengthOf(LONG_HEADER));
      out.write(start.getBytes(StandardCharsets.UTF_8));
      for (int left = LONG_HEADER - start.length(); left > 0; left -= block.length) {
        out.write(block, 0, Math.min(left, block.length));
      }
      out.write(1);
    }
    refusesWithoutHoldingIt(file);
  }

  private static byte[] lengthOf(int header) {
    return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(header).array();
  }

  private static void refusesWithoutHoldingIt(Path file) {
    long before = Allocations.ofThisThread();
    assertThatThrownBy(() -> SafetensorsFile.open(path(file), HADOOP))
        .isInstanceOf(CorruptDataException.class)
        .hasMessageContaining("Cannot read");
    assertThat(Allocations.ofThisThread() - before).isLessThan(2 * MOST_BYTES);
  }

  @Test
  void refusesMoreTensorsThanAnyModelHas() throws IOException {
    StringBuilder json = new StringBuilder("{");
    for (int i = 0; i <= 1 << 17; i++) {
      json.append("\"%x\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},".formatted(i));
    }
    json.setCharAt(json.length() - 1, '}');
    assertThatThrownBy(() -> readAll(withHeader(json.toString(), 0)))
        .isInstanceOf(CorruptDataException.class)
        .hasMessageContaining("more than 131072 tensors");
  }

  @Test
  void readsMutationsOfAnIndexOrSaysWhatIsWrong() throws IOException {
    Files.write(directory.resolve("model-1.safetensors"), valid());
    String index =
        """
        {"metadata": {"total_size": 41}, "weight_map": {"a": "model-1.safetensors",
         "b": "model-1.safetensors", "c": "model-1.safetensors"}}""";
    Path file = directory.resolve("model.safetensors.index.json");
    Random random = new Random(7);
    int refused = 0;
    for (int i = 0; i < 2_000; i++) {
      byte[] mutant = index.getBytes(StandardCharsets.UTF_8);
      for (int edits = random.nextInt(3); edits >= 0; edits--) {
        byte[] signs = "0123456789[]{},:\"x.-\\".getBytes(StandardCharsets.US_ASCII);
        mutant[random.nextInt(mutant.length)] = signs[random.nextInt(signs.length)];
      }
      Files.write(file, mutant);
      try (ModelWeights weights = ModelWeights.open(path(directory), HADOOP)) {
        assertThat(weights.names()).containsExactlyInAnyOrder("a", "b", "c");
      } catch (CorruptDataException | UncheckedIOException e) {
        assertThat(e).hasMessageContaining("Cannot read");
        refused++;
      }
    }
    assertThat(refused).isBetween(400, 1_980);
  }

  @Test
  void refusesDeepNesting() {
    String deep = "{\"a\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}";
    assertThatThrownBy(() -> readAll(withHeader(deep, 0))).isInstanceOf(CorruptDataException.class);
  }

  @Test
  void splitsModelsIntoShardsThatReadBack() throws IOException {
    List<SafetensorsWriter.Declaration> tensors =
        List.of(
            new SafetensorsWriter.Declaration("x", TensorType.F32, Shape.of(10)),
            new SafetensorsWriter.Declaration("y", TensorType.F32, Shape.of(10)),
            new SafetensorsWriter.Declaration("z", TensorType.F32, Shape.of(1)));
    try (ShardedModelWriter writer = new ShardedModelWriter(path(directory), HADOOP, tensors, 60)) {
      writer.write(FloatBuffer.wrap(new float[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
      writer.write(FloatBuffer.wrap(new float[] {9, 8, 7, 6, 5, 4, 3, 2, 1, 0}));
      writer.write(FloatBuffer.wrap(new float[] {42}));
    }
    assertThat(directory.resolve("model-00001-of-00002.safetensors")).exists();
    try (ModelWeights weights = ModelWeights.open(path(directory), HADOOP)) {
      FloatBuffer part = FloatBuffer.allocate(3);
      weights.read("y", 2, part);
      assertThat(part.array()).containsExactly(7, 6, 5);
      assertThat(weights.names()).containsExactlyInAnyOrder("x", "y", "z");
    }
  }

  @ParameterizedTest
  @CsvSource({"../outside.safetensors", "/etc/passwd", "none/model.safetensors", ".hidden"})
  void refusesAnIndexThatLeadsOutOfItsDirectory(String shard) throws IOException {
    Files.writeString(
        directory.resolve("model.safetensors.index.json"),
        "{\"weight_map\": {\"x\": \"" + shard + "\"}}");
    assertThatThrownBy(() -> ModelWeights.open(path(directory), HADOOP))
        .isInstanceOf(CorruptDataException.class)
        .hasMessageContaining("expected a file name in the directory");
  }

  @Test
  void readsTheShardsOfARealModel() {
    Path wiki = GoldenFiles.unpack("wiki-llama.tar.aa", directory);
    try (ModelWeights weights = ModelWeights.open(path(wiki), HADOOP)) {
      assertThat(weights.names()).hasSize(57);
      assertThat(weights.shape("lm_head.weight")).isEqualTo(Shape.of(4096, 320));
      assertThat(weights.type("lm_head.weight")).isEqualTo(TensorType.BF16);
    }
  }
}
