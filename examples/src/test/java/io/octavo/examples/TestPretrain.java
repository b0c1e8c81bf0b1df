package io.octavo.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The main job, small, as spark-submit would start it: settings come from outside. */
class TestPretrain {

  @TempDir Path directory;

  private final PrintStream console = System.out;
  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

  @BeforeEach
  void listen() {
    System.setProperty("spark.master", "local[2]");
    System.setProperty("spark.ui.enabled", "false");
    System.setProperty("spark.log.level", "ERROR");
    System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
  }

  @AfterEach
  void restore() {
    System.setOut(console);
    System.clearProperty("spark.master");
    System.clearProperty("spark.ui.enabled");
    System.clearProperty("spark.log.level");
  }

  @Test
  void comparesSavesLoadsAndWrites() throws IOException {
    Path output = directory.resolve("model");
    Pretrain.main(
        new String[] {
          "--text", Path.of("src").toUri().toString(),
          "--output", output.toString(),
          "--model", "byte-nano",
          "--runs", "fp8/fp32,fp8/fp8",
          "--workers", "2",
          "--steps", "6",
          "--batch", "4",
          "--length", "64",
          "--prompt", "  private "
        });

    List<String> lines = printed.toString(StandardCharsets.UTF_8).lines().toList();
    assertThat(lines)
        .anyMatch(line -> line.matches("precision/optimizerStates +fp8/fp32 +fp8/fp8"))
        .anyMatch(line -> line.matches("loss, step 1 +5\\.\\d{4} +5\\.\\d{4}"))
        .anyMatch(line -> line.matches("held-out loss, step 6 +\\d\\.\\d{4} +\\d\\.\\d{4}"))
        .anyMatch(line -> line.matches("moments, bytes/parameter +8\\.\\d{4} +2\\.\\d{4}"))
        .anyMatch(
            line -> line.matches("final loss against first, % +\\+0\\.00 +[+-]\\d+\\.\\d\\d"));
    assertThat(lines.stream().filter(line -> line.startsWith("[####################]"))).hasSize(2);
    assertThat(output.resolve("model/config.json")).isNotEmptyFile();
    assertThat(output.resolve("model/model.safetensors")).isNotEmptyFile();
    int saved =
        lines.indexOf(
            "saved %s (Hugging Face directory: %s/model), loaded it again; it continues:"
                .formatted(output, output));
    assertThat(saved).isPositive();
    assertThat(lines.get(saved + 2)).startsWith("  private ").hasSizeGreaterThan(10);
  }

  @ParameterizedTest
  @CsvSource({
    "local[2],0,0,1",
    "'local-cluster[3,1,512]',0,1,3",
    "yarn,5,2,5",
    "spark://a:7077,0,4,4"
  })
  void aRankForEachExecutorThatWasAskedFor(String master, int asked, int present, int workers) {
    assertThat(Session.workers(master, asked, present)).isEqualTo(workers);
  }
}
