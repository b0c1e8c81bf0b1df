package io.octavo.spark.ptq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.octavo.golden.GoldenFiles;
import io.octavo.layout.HuggingFaceFiles;
import io.octavo.ptq.Bracket;
import io.octavo.ptq.ScaleConstraint;
import io.octavo.quant.WeightScheme;
import io.octavo.spark.LocalCluster;
import io.octavo.spark.ml.CausalLMModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TestQuantizer {

  private static SparkSession spark;

  @TempDir Path directory;

  @BeforeAll
  static void start() {
    spark = SparkSession.builder().config(LocalCluster.threads(2)).getOrCreate();
    spark.sparkContext().setLogLevel("ERROR");
  }

  @AfterAll
  static void stop() throws IOException {
    spark.close();
  }

  private static HuggingFaceFiles open(Path path) {
    return HuggingFaceFiles.open(new org.apache.hadoop.fs.Path(path.toUri()), new Configuration());
  }

  @Test
  void reportsEveryLinearLayerAndWritesADirectory() throws IOException {
    Path from = GoldenFiles.unpack("wiki-llama.tar.aa", directory);
    Path to = directory.resolve("int4");
    Dataset<Row> report =
        Quantizer.of("w4a8-int4-32", new ScaleConstraint.SharedFraction(Bracket.FLOOR, 1))
            .with("model\\.layers\\.5\\..*", "fp8-row")
            .quantize(spark, from.toUri().toString(), to.toUri().toString());

    assertThat(report.count()).isEqualTo(6 * 7 + 1);
    Row fine = report.filter("layer = 'model.layers.5.mlp.up_proj'").head();
    assertThat(fine.<Double>getAs("sqnr")).isBetween(29.0, 34.0);
    assertThat(fine.<Long>getAs("bytes_before")).isEqualTo(2L * 864 * 320);
    assertThat(fine.<Long>getAs("bytes_after")).isEqualTo(864L * 320 + 4 * 864);
    List<Row> coarse = report.filter("scheme = 'w4a8-int4-32'").collectAsList();
    assertThat(coarse).hasSize(35);
    for (Row row : coarse) {
      assertThat(row.<Double>getAs("sqnr")).isBetween(16.0, 22.0);
      assertThat(row.<Double>getAs("clipped")).isZero();
    }
    Row head = report.filter("layer = 'lm_head'").head();
    assertThat(head.<String>getAs("scheme")).isEqualTo("none");
    assertThat(head.isNullAt(head.fieldIndex("sqnr"))).isTrue();
    try (HuggingFaceFiles files = open(to)) {
      assertThat(files.config()).isEqualTo(open(from).config());
      assertThat(files.scheme(List.of("lm_head.weight"))).isEqualTo(WeightScheme.dense());
      assertThat(files.tokenizer().json())
          .isEqualTo(Files.readAllBytes(from.resolve("tokenizer.json")));
    }
    assertThatThrownBy(
            () -> Quantizer.of("fp8-row").quantize(spark, from.toString(), to.toString()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("it is not empty");
  }

  @ParameterizedTest
  @CsvSource({"fp8-block, fp8", "fp8-row, compressed-tensors", "w4a8-e2m1-64, compressed-tensors"})
  void writesTheUsualLayout(String scheme, String quantMethod) throws IOException {
    Path from = GoldenFiles.unpack("tiny-llama.tar", directory);
    Path to = directory.resolve(scheme);
    Quantizer.of(scheme).quantize(spark, from.toString(), to.toString());

    assertThat(Files.readString(to.resolve("config.json")))
        .contains("\"quant_method\" : \"" + quantMethod + "\"");
    open(to).close();
  }

  /** A quantized directory is scored with what its codes and scales mean, not with the codes. */
  @Test
  void quantizedDirectoriesScoreNearlyAsBefore() throws IOException {
    Path from = GoldenFiles.unpack("wiki-llama.tar.aa", directory);
    Dataset<Row> text =
        spark
            .createDataset(
                List.of("The city of London is the capital of England .", "He was born in 1900 ."),
                Encoders.STRING())
            .toDF("text");
    double before = nll(from, text);
    for (String scheme : List.of("fp8-block", "int8-row", "w4a8-int4-32", "w4a8-e2m1-32")) {
      Path to = directory.resolve("scored-" + scheme);
      Quantizer.of(scheme).quantize(spark, from.toString(), to.toString());
      assertThat(nll(to, text)).as(scheme).isNotEqualTo(before).isCloseTo(before, within(2.5));
    }
  }

  private static double nll(Path model, Dataset<Row> text) {
    return CausalLMModel.fromPretrained(model.toString())
        .setSequenceLength(64)
        .transform(text)
        .agg(functions.sum("nll"))
        .head()
        .getDouble(0);
  }
}
