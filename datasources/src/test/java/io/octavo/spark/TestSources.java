package io.octavo.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.octavo.golden.GoldenFiles;
import io.octavo.safetensors.SafetensorsWriter;
import io.octavo.safetensors.TensorType;
import io.octavo.tensor.Shape;
import io.octavo.tokens.Tokenizer;
import io.octavo.tokens.TokenizerFile;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.DataFrameReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.util.ArrowUtils;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The sources through Spark SQL, on threads of this process. */
class TestSources {

  private static final int END_OF_TEXT = 256;

  private static SparkSession spark;

  @TempDir Path directory;

  @BeforeAll
  static void start() {
    spark =
        SparkSession.builder().master("local[2]").config("spark.ui.enabled", false).getOrCreate();
    spark.sparkContext().setLogLevel("ERROR");
  }

  @AfterAll
  static void stop() throws IOException {
    assertThat(ArrowUtils.rootAllocator().getAllocatedMemory()).isZero();
    spark.close();
  }

  /** Lines of many lengths, with characters of one to four bytes. */
  private List<String> writeLines(Path file, int count) throws IOException {
    Random random = new Random(3);
    String[] letters = {"a", "é", "汉", "😀", " "};
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      StringBuilder line = new StringBuilder("#" + i);
      for (int j = random.nextInt(60); j > 0; j--) {
        line.append(letters[random.nextInt(letters.length)]);
      }
      lines.add(line.toString());
    }
    Files.writeString(file, String.join("\n", lines));
    return lines;
  }

  /** Documents of packed rows, put together again by split. */
  private static List<String> unpacked(Dataset<Row> rows) {
    Map<Long, List<Byte>> bytesOfSplit = new TreeMap<>();
    rows.select("id", "tokens").collectAsList().stream()
        .sorted(Comparator.comparingLong(row -> row.getLong(0)))
        .forEach(
            row -> {
              List<Byte> bytes =
                  bytesOfSplit.computeIfAbsent(row.getLong(0) >> 40, split -> new ArrayList<>());
              List<Integer> tokens = row.getList(1);
              for (int token : tokens) {
                if (token == END_OF_TEXT) {
                  bytes.add((byte) 0);
                } else if (token >= 0) {
                  bytes.add((byte) token);
                }
              }
            });
    List<String> documents = new ArrayList<>();
    for (List<Byte> bytes : bytesOfSplit.values()) {
      byte[] flat = new byte[bytes.size()];
      for (int i = 0; i < flat.length; i++) {
        flat[i] = bytes.get(i);
      }
      documents.addAll(List.of(new String(flat, StandardCharsets.UTF_8).split("\0")));
    }
    return documents;
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 7, 100, 1000, 1_000_000})
  void givesEveryLineOnceWhateverTheSplits(int splitBytes) throws IOException {
    Path file = directory.resolve("lines.txt");
    List<String> lines = writeLines(file, splitBytes < 10 ? 12 : 200);

    Dataset<Row> rows =
        spark
            .read()
            .format("octavo-tokens")
            .option("sequenceLength", 31)
            .option("splitSize", splitBytes)
            .load(file.toString());

    assertThat(unpacked(rows)).containsExactlyElementsOf(lines);
    assertThat(rows.where("size(tokens) <> 32").count()).isZero();
  }

  @Test
  void readsJsonLinesParquetAndWholeFiles() throws IOException {
    List<String> texts = List.of("one", "two \"quoted\"", "three\nlines", "四");
    Dataset<Row> data = spark.createDataset(texts, Encoders.STRING()).toDF("body");
    data.coalesce(1).write().json(directory.resolve("json").toString());
    data.coalesce(1).write().parquet(directory.resolve("parquet").toString());
    Files.createDirectories(directory.resolve("text"));
    for (int i = 0; i < texts.size(); i++) {
      Files.writeString(directory.resolve("text").resolve(i + ".txt"), texts.get(i));
    }
    for (String kind : List.of("json", "parquet", "text")) {
      Dataset<Row> rows =
          spark
              .read()
              .format("octavo-tokens")
              .option("sequenceLength", 8)
              .option("textField", "body")
              .option("document", "file")
              .load(directory.resolve(kind).toString());
      assertThat(unpacked(rows)).as(kind).containsExactlyElementsOf(texts);
    }
  }

  @Test
  void prunesColumnsPushesLimitsAndStaysColumnar() throws IOException {
    Path file = directory.resolve("lines.txt");
    writeLines(file, 500);
    Dataset<Row> rows =
        spark.read().format("octavo-tokens").option("sequenceLength", 15).load(file.toString());

    assertThat(rows.select("id").limit(3).collectAsList()).hasSize(3);
    assertThat(rows.select("id").limit(3).queryExecution().toString())
        .contains("columns [id] limit 3");
    assertThat(rows.queryExecution().executedPlan().toString()).contains("ColumnarToRow");
    assertThat(rows.count()).isGreaterThan(500);
    assertThat(rows.selectExpr("min(documents)", "count(distinct path)").head().toString())
        .isEqualTo("[1,1]");
    rows.createOrReplaceTempView("sequences");
    assertThat(
            spark.sql("select count(distinct id) = count(*) from sequences").head().getBoolean(0))
        .isTrue();
  }

  @Test
  void saysWhatIsWrongWithTheInput() throws IOException {
    Path file = directory.resolve("long.txt");
    Files.writeString(file, "x".repeat(5000));
    assertThatThrownBy(
            () ->
                spark
                    .read()
                    .format("octavo-tokens")
                    .option("maxDocumentSize", 1000)
                    .load(file.toString())
                    .count())
        .hasStackTraceContaining("raise option maxDocumentSize");
    Path json = directory.resolve("bad.jsonl");
    Files.writeString(json, "{\"text\": \"fine\"}\n{\"text\": 5}\n");
    assertThatThrownBy(
            () -> spark.read().format("octavo-tokens").load(json.toString()).collectAsList())
        .hasStackTraceContaining("field text is not a string");
    assertThatThrownBy(() -> spark.read().format("octavo-tokens").load(directory + "/none").count())
        .hasStackTraceContaining("Cannot read");
    assertThatThrownBy(
            () ->
                spark
                    .read()
                    .format("octavo-tokens")
                    .option("format", "csv")
                    .load(json.toString())
                    .count())
        .hasStackTraceContaining("Invalid format: csv");
  }

  @Test
  void showsTensorsWithStatistics() {
    Path wiki = GoldenFiles.unpack("wiki-llama.tar.aa", directory);
    Dataset<Row> tensors = spark.read().format("safetensors").load(wiki.toString());

    assertThat(tensors.count()).isEqualTo(2 + 9 * 6 + 1);
    Row norm = tensors.where("name = 'model.norm.weight'").head();
    assertThat(norm.<String>getAs("dtype")).isEqualTo("BF16");
    assertThat(norm.<Long>getList(norm.fieldIndex("shape"))).containsExactly(320L);
    assertThat(norm.<Long>getAs("bytes")).isEqualTo(640L);
    assertThat(norm.<Double>getAs("amax"))
        .isCloseTo(
            Math.max(Math.abs(norm.<Double>getAs("min")), Math.abs(norm.<Double>getAs("max"))),
            within(0.0));
    assertThat(tensors.selectExpr("sum(bytes)").head().getLong(0)).isEqualTo(2 * 9_445_440L);
    assertThat(tensors.select("name").limit(2).collectAsList()).hasSize(2);
  }

  /** JSON lines cut anywhere, and row groups of Parquet, of which each has one split. */
  @ParameterizedTest
  @ValueSource(ints = {301, 2000, 1_000_000})
  void givesEveryDocumentOnceWhateverTheSplitsAndFormats(int splitBytes) throws IOException {
    List<String> texts = writeLines(directory.resolve("lines.txt"), 300);
    Dataset<Row> data =
        spark
            .createDataset(texts, Encoders.STRING())
            .toDF("text")
            .selectExpr("text", "length(text) as size", "array(text, text) as many");
    data.coalesce(1).write().json(directory.resolve("json").toString());
    data.coalesce(1)
        .write()
        .option("parquet.block.size", 1500)
        .option("parquet.page.size", 500)
        .option("parquet.page.size.row.check.min", 10)
        .option("parquet.block.size.row.check.min", 10)
        .parquet(directory.resolve("parquet").toString());
    for (String kind : List.of("json", "parquet")) {
      Dataset<Row> rows =
          spark
              .read()
              .format("octavo-tokens")
              .option("sequenceLength", 63)
              .option("splitSize", splitBytes)
              .load(directory.resolve(kind).toString());
      assertThat(unpacked(rows)).as(kind).containsExactlyElementsOf(texts);
    }
  }

  @Test
  void tokenizesWithAModelsTokenizer() throws IOException {
    Path wiki = GoldenFiles.unpack("wiki-llama.tar.aa", directory);
    List<String> lines = writeLines(directory.resolve("lines.txt"), 50);
    Dataset<Row> rows =
        spark
            .read()
            .format("octavo-tokens")
            .option("sequenceLength", 255)
            .option("tokenizer", wiki.resolve("tokenizer.json").toString())
            .option("endOfText", "<|endoftext|>")
            .load(directory.resolve("lines.txt").toString());

    List<Integer> ids = new ArrayList<>();
    rows.collectAsList().forEach(row -> ids.addAll(row.<Integer>getList(1)));
    List<Integer> expected = new ArrayList<>();
    byte[] json = Files.readAllBytes(wiki.resolve("tokenizer.json"));
    try (Tokenizer tokenizer = TokenizerFile.of(json, 0)) {
      for (String line : lines) {
        for (int id : tokenizer.encode(line)) {
          expected.add(id);
        }
        expected.add(0);
      }
    }
    assertThat(ids.subList(0, expected.size())).isEqualTo(expected);
    assertThat(rows.selectExpr("sum(documents)").head().getLong(0))
        .isBetween((long) lines.size(), lines.size() + rows.count());
  }

  @Test
  void findsTheEndOfTextBesideTheTokenizer() throws IOException {
    Path wiki = GoldenFiles.unpack("wiki-llama.tar.aa", directory);
    Path file = directory.resolve("one.txt");
    Files.writeString(file, "one\ntwo");
    DataFrameReader reader =
        spark
            .read()
            .format("octavo-tokens")
            .option("sequenceLength", 15)
            .option("tokenizer", wiki.toString());

    // Its config.json names id 2; tokenizer_config.json would go first.
    assertThat(reader.load(file.toString()).head().<Integer>getList(1)).contains(2);
    Path config = wiki.resolve("tokenizer_config.json");
    Files.writeString(config, "{\"eos_token\": {\"content\": \"<|endoftext|>\"}}");
    assertThat(reader.load(file.toString()).head().<Integer>getList(1))
        .contains(0)
        .doesNotContain(2);
    assertThatThrownBy(
            () -> reader.option("endOfText", "three words of it").load(file.toString()).count())
        .hasStackTraceContaining("Cannot use three words of it as the end of text");
  }

  @Test
  void refusesColumnsThatAreNoTextAndFilesThatAreNoParquet() throws IOException {
    spark
        .range(3)
        .selectExpr("id", "array('a') as many")
        .write()
        .parquet(directory.resolve("numbers").toString());
    DataFrameReader reader = spark.read().format("octavo-tokens").option("format", "parquet");
    for (String column : List.of("id", "many")) {
      assertThatThrownBy(
              () ->
                  reader
                      .option("textField", column)
                      .load(directory.resolve("numbers").toString())
                      .count())
          .hasStackTraceContaining("Cannot read text of column " + column);
    }
    assertThatThrownBy(
            () ->
                reader
                    .option("textField", "none")
                    .load(directory.resolve("numbers").toString())
                    .count())
        .hasStackTraceContaining("Cannot find column none");
    Files.writeString(directory.resolve("bad.parquet"), "this is not Parquet at all");
    assertThatThrownBy(() -> reader.load(directory.resolve("bad.parquet").toString()).count())
        .hasStackTraceContaining("Cannot read file:");
  }

  /** Against numbers written by hand, of every kind of type and of a tensor without elements. */
  @Test
  void showsEveryColumnOfATensor() {
    org.apache.hadoop.fs.Path file =
        new org.apache.hadoop.fs.Path(directory.resolve("model.safetensors").toUri());
    List<SafetensorsWriter.Declaration> tensors =
        List.of(
            new SafetensorsWriter.Declaration("a", TensorType.F8_E4M3, Shape.of(2, 2)),
            new SafetensorsWriter.Declaration("b", TensorType.I64, Shape.of(3)),
            new SafetensorsWriter.Declaration("c", TensorType.F32, Shape.of(0, 7)),
            new SafetensorsWriter.Declaration("d", TensorType.F32, Shape.of()));
    try (SafetensorsWriter writer =
        SafetensorsWriter.create(file, new Configuration(), tensors, Map.of("format", "pt"))) {
      writer.writeFloats(FloatBuffer.wrap(new float[] {-448, 0, 0, 1.5f}));
      writer.writeFloats(FloatBuffer.wrap(new float[] {5, -7, 0}));
      writer.writeFloats(FloatBuffer.allocate(0));
      writer.writeFloats(FloatBuffer.wrap(new float[] {Float.NaN}));
    }
    List<String> rows =
        spark
            .read()
            .format("safetensors")
            .load(directory.toString())
            .orderBy("name")
            .drop("file")
            .collectAsList()
            .stream()
            .map(row -> row.mkString("|").replaceAll("\\w*ArraySeq", ""))
            .toList();
    assertThat(rows)
        .containsExactly(
            "a|F8_E4M3|(2, 2)|4|-448.0|1.5|448.0|0.5|0",
            "b|I64|(3)|24|-7.0|5.0|7.0|" + 1 / 3.0 + "|0",
            "c|F32|(0, 7)|0|null|null|null|null|0",
            "d|F32|()|4|null|null|null|0.0|1");
    assertThat(
            spark.read().format("safetensors").load(directory.toString()).select("file").distinct())
        .satisfies(files -> assertThat(files.head().getString(0)).endsWith("model.safetensors"));
  }
}
