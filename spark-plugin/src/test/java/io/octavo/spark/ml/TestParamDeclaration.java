package io.octavo.spark.ml;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class TestParamDeclaration {

  @Test
  void theManualHoldsTheTableOfParameters() throws IOException {
    String manual = Files.readString(Path.of("README.md"));
    String begin = "<!-- parameters: begin (generated from ParamDeclaration) -->\n";
    String end = "<!-- parameters: end -->";
    String table = manual.substring(manual.indexOf(begin) + begin.length(), manual.indexOf(end));

    assertThat(table)
        .as("paste this between the marks of README.md:%n%s", ParamDeclaration.table())
        .isEqualTo(ParamDeclaration.table());
  }
}
