package io.octavo.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TestCompareRecipes {

  @TempDir Path directory;

  @BeforeEach
  void write() throws IOException {
    Random random = new Random(7);
    String text =
        Stream.generate(() -> "the cat saw a dog ".substring(random.nextInt(15)))
            .limit(400)
            .collect(Collectors.joining());
    Files.writeString(directory.resolve("a.txt"), text);
    Files.writeString(directory.resolve("b.txt"), "A second, shorter text.");
  }

  private String run(String... more) throws IOException {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "--text",
                directory.resolve("a.txt") + "," + directory.resolve("b.txt"),
                "--model",
                "byte-nano",
                "--batch",
                "2",
                "--sequence",
                "31",
                "--json",
                directory.resolve("rows.json").toString()));
    arguments.addAll(List.of(more));
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    try (PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8)) {
      CompareRecipes.run(CompareRecipesOptions.parse(arguments.toArray(String[]::new)), out);
    }
    return printed.toString(StandardCharsets.UTF_8);
  }

  private List<JsonNode> rows() throws IOException {
    List<JsonNode> rows = new ArrayList<>();
    for (String line : Files.readAllLines(directory.resolve("rows.json"))) {
      rows.add(new ObjectMapper().readTree(line));
    }
    return rows;
  }

  private static double meanOfLast(JsonNode row, int count) {
    JsonNode losses = row.get("losses");
    double sum = 0;
    for (int i = losses.size() - count; i < losses.size(); i++) {
      sum += losses.get(i).asDouble();
    }
    return sum / count;
  }

  @Test
  void recipesStandSideBySide() throws IOException {
    String table =
        run("--backend", "cpu", "--steps", "53", "--every", "25", "--learning-rate", "0.002");
    assertThat(table.lines())
        .anyMatch(line -> line.matches("recipe +bf16 +coat +deepseek"))
        .anyMatch(line -> line.matches("moments +fp32 +fp8 +fp32"))
        .anyMatch(line -> line.matches("against the first, % +\\+0\\.000( +[+-]\\d+\\.\\d{3}){2}"));
    assertThat(table.lines().filter(line -> line.startsWith("loss, step")))
        .extracting(line -> line.split(" +")[2])
        .containsExactly("1", "25", "50", "53");

    List<JsonNode> rows = rows();
    assertThat(rows)
        .extracting(row -> row.get("recipe").asText())
        .containsExactly("bf16", "coat", "deepseek");
    double first = meanOfLast(rows.get(0), 50);
    for (JsonNode row : rows) {
      assertThat(row.get("losses")).hasSize(53);
      double last = meanOfLast(row, 50);
      assertThat(row.get("last_loss").asDouble()).isCloseTo(last, within(1e-12));
      assertThat(row.get("difference_percent").asDouble())
          .isCloseTo(100 * (last - first) / first, within(1e-9));
      // Fresh weights guess among 272 ids; four words of 18 letters are soon better known.
      assertThat(row.get("losses").get(0).asDouble()).isCloseTo(Math.log(272), within(0.2));
      assertThat(row.get("losses").get(52).asDouble()).isLessThan(4.5);
      assertThat(row.get("held_out_loss").asDouble()).isBetween(0.5, 5.0);
      assertThat(row.get("tokens_per_s").asDouble()).isPositive();
    }
    assertThat(rows.get(1).get("planned_bytes").asLong())
        .isLessThan(rows.get(0).get("planned_bytes").asLong());
    assertThat(rows.get(1).get("losses")).isNotEqualTo(rows.get(0).get("losses"));
  }

  @Test
  void weightsAndOrderAreThoseOfTheSeed() throws IOException {
    run("--backend", "reference", "--steps", "3", "--recipes", "bf16,bf16");
    JsonNode losses = rows().get(0).get("losses");
    assertThat(rows().get(1).get("losses")).isEqualTo(losses);
    assertThat(rows().get(1).get("difference_percent").asDouble()).isZero();
    assertThat(rows().get(1).get("held_out_loss")).isEqualTo(rows().get(0).get("held_out_loss"));
    run("--backend", "reference", "--steps", "3", "--recipes", "bf16", "--seed", "2");
    assertThat(rows().get(0).get("losses")).isNotEqualTo(losses);
  }

  @Test
  void sequencesLongerThanTheContextAreRefused() {
    assertThatThrownBy(() -> run("--sequence", "513"))
        .hasMessage(
            "Cannot train byte-nano on sequences of 513 tokens: its context has 512; lower --sequence");
  }
}
