package io.octavo.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.octavo.examples.bench.BenchOptions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TestBench {

  @TempDir private Path directory;

  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

  private int run(String... arguments) throws IOException {
    try (PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8)) {
      return Bench.run(BenchOptions.parse(arguments), out);
    }
  }

  private static List<JsonNode> rows(Path file) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    List<JsonNode> rows = new ArrayList<>();
    for (String line : Files.readAllLines(file)) {
      rows.add(mapper.readTree(line));
    }
    return rows;
  }

  @ParameterizedTest
  @ValueSource(strings = {"reference", "cpu"})
  void everyFamilyHasRowsAndNoneFails(String backend) throws IOException {
    Path file = directory.resolve("rows.json");
    int failures =
        run(
            "--backend",
            backend,
            "--sizes",
            "tiny",
            "--threads",
            "1",
            "--profile",
            "--json",
            file.toString());
    String table = printed.toString(StandardCharsets.UTF_8);
    assertThat(failures).as(table).isZero();
    List<JsonNode> rows = rows(file);
    assertThat(rows.stream().map(row -> row.get("family").asText()).distinct())
        .containsExactly(
            "run",
            "copy",
            "launch",
            "cast",
            "norm",
            "activation",
            "casting",
            "rotary",
            "loss",
            "embedding",
            "gemm",
            "cast-gemm",
            "attention",
            "optimizer",
            "train",
            "profile");
    assertThat(rows.get(0).get("subject").asText()).isEqualTo(backend);
    for (JsonNode row : rows) {
      assertThat(table).contains(row.get("subject").asText());
      if (row.has("ms")) {
        assertThat(row.get("ms").asDouble()).as(row.toString()).isPositive();
      }
    }
  }

  @Test
  void trainingTellsWhatItsStepsDid() throws IOException {
    Path file = directory.resolve("rows.json");
    int failures =
        run(
            "--backend",
            "cpu",
            "--sizes",
            "tiny",
            "--only",
            "train",
            "--steps",
            "5",
            "--train",
            "byte-nano:coat:2x31,byte-nano:bf16:2x31",
            "--peak",
            "2",
            "--json",
            file.toString());
    assertThat(failures).isZero();
    List<JsonNode> rows =
        rows(file).stream().filter(row -> row.get("family").asText().equals("train")).toList();
    assertThat(rows).hasSize(2);
    assertThat(rows.get(0).get("subject").asText()).isEqualTo("byte-nano coat, fp8 moments");
    for (JsonNode row : rows) {
      double tokens = row.get("tokens_per_s").asDouble();
      double tflops = row.get("model_tflop_per_s").asDouble();
      assertThat(tokens * row.get("ms").asDouble() / 1e3).isCloseTo(62, within(1e-6));
      assertThat(row.get("mfu_percent").asDouble()).isCloseTo(100 * tflops / 2, within(1e-9));
      // Random weights guess among 272 tokens; the batch is learnt by heart from there.
      assertThat(row.get("first_loss").asDouble()).isCloseTo(Math.log(272), within(0.2));
      assertThat(row.get("last_loss").asDouble()).isLessThan(row.get("first_loss").asDouble());
      assertThat(row.get("used_bytes").isNull()).isTrue();
    }
    assertThat(rows.get(0).get("planned_bytes").asLong())
        .isLessThan(rows.get(1).get("planned_bytes").asLong());
  }

  @Test
  void equalSeedsTrainAlike() throws IOException {
    Path file = directory.resolve("rows.json");
    String[] arguments = {
      "--backend",
      "cpu",
      "--sizes",
      "tiny",
      "--only",
      "train",
      "--threads",
      "1",
      "--train",
      "byte-nano:bf16:1x13,byte-nano:bf16:1x13",
      "--json",
      file.toString(),
      "--seed",
      "3"
    };
    run(arguments);
    List<JsonNode> rows = rows(file);
    JsonNode last = rows.get(rows.size() - 1);
    JsonNode before = rows.get(rows.size() - 2);
    assertThat(last.get("last_loss")).isEqualTo(before.get("last_loss"));
    arguments[13] = "4";
    run(arguments);
    List<JsonNode> others = rows(file);
    assertThat(others.get(others.size() - 1).get("first_loss"))
        .isNotEqualTo(last.get("first_loss"));
  }
}
