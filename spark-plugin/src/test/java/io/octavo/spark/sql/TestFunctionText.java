package io.octavo.spark.sql;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class TestFunctionText {

  @Test
  void everyArgumentIsDescribedInItsOrder() {
    for (ModelFunction function : ModelFunction.values()) {
      assertThat(described(function.sqlName()))
          .hasSize(2 + function.options().size())
          .startsWith("model")
          .endsWith(function.options().toArray(String[]::new));
    }
    for (VectorFunction function : VectorFunction.values()) {
      assertThat(described(function.sqlName())).isEqualTo(function.arguments());
    }
  }

  private static List<String> described(String function) {
    FunctionText text =
        FunctionText.all().stream()
            .filter(t -> t.name().equals(function))
            .findFirst()
            .orElseThrow();
    List<String> names =
        text.arguments().stream().map(line -> line.substring(0, line.indexOf(" - "))).toList();
    String signature = text.usage().substring(0, text.usage().indexOf(" - "));
    assertThat(signature.replaceAll("_FUNC_\\(|\\)$| => [^,]*", "").replace("array(", ""))
        .isEqualTo(String.join(", ", names));
    return names;
  }

  @Test
  void theReferenceInTheManualIsTheOneOfTheCode() throws Exception {
    String manual = Files.readString(Path.of("..", "docs", "sql.md"));
    int begin = manual.indexOf('\n', manual.indexOf("<!-- functions: begin")) + 1;
    int end = manual.indexOf("<!-- functions: end");
    assertThat(manual.substring(begin, end)).isEqualTo(FunctionText.manual());
  }
}
