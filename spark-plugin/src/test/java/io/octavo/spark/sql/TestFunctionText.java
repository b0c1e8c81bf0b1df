package io.octavo.spark.sql;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class TestFunctionText {

  @Test
  void theReferenceInTheManualIsTheOneOfTheCode() throws Exception {
    String manual = Files.readString(Path.of("..", "docs", "sql.md"));
    int begin = manual.indexOf('\n', manual.indexOf("<!-- functions: begin")) + 1;
    int end = manual.indexOf("<!-- functions: end");
    assertThat(manual.substring(begin, end)).isEqualTo(FunctionText.manual());
  }
}
