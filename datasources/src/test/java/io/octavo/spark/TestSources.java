package io.octavo.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.octavo.golden.GoldenFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
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
}
