package io.octavo.examples.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TestReport {

  @TempDir private Path directory;

  @Test
  void whatFailedIsARowWithItsReason() throws IOException {
    Path file = directory.resolve("rows.json");
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    try (PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8);
        Report report = Report.to(out, Optional.of(file))) {
      report.failed("gemm", "a \"b\"\\", "1x2", new IllegalStateException("Cannot:\n\tno"));
      report.add("gemm", "c", "3x4", new Numbers().with("n", Long.MAX_VALUE).with("x", 1e-9));
      report.add("gemm", "d", "5x6", new Numbers().with("x", Double.NaN));
      assertThat(report.failures()).isEqualTo(1);
    }
    ObjectMapper mapper = new ObjectMapper();
    List<String> lines = Files.readAllLines(file);
    assertThat(lines).hasSize(3);
    JsonNode failed = mapper.readTree(lines.get(0));
    assertThat(failed.get("subject").asText()).isEqualTo("a \"b\"\\");
    assertThat(failed.get("error").asText()).isEqualTo("Cannot:\n\tno");
    assertThat(mapper.readTree(lines.get(1)).get("n").asLong()).isEqualTo(Long.MAX_VALUE);
    assertThat(mapper.readTree(lines.get(1)).get("x").asDouble()).isEqualTo(1e-9);
    assertThat(mapper.readTree(lines.get(2)).get("x").isNull()).isTrue();
    assertThat(printed.toString(StandardCharsets.UTF_8))
        .contains("failed: Cannot:")
        .contains("9,223,372,036,854,775,807");
  }
}
