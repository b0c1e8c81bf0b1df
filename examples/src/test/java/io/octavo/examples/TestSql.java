package io.octavo.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class TestSql {

  @Test
  void findsQueriesByTheSemicolonsAtEndsOfLines() {
    assertThat(Sql.queries("SELECT ';' AS a,\n  2;\n\nSELECT 3 ; \nSELECT 4"))
        .containsExactly("SELECT ';' AS a,\n  2", "SELECT 3", "SELECT 4");
    assertThat(Sql.queries(" \n")).isEmpty();
  }

  @Test
  void theQueryOfTheReadmeIsTheOneThatRuns() throws Exception {
    assertThat(Files.readString(Path.of("..", "README.md")))
        .contains("```sql\n" + Files.readString(Path.of("src", "main", "sql", "ask.sql")) + "```");
  }

  @Test
  void refusesACommandLineBeforeSparkStarts() {
    assertThatThrownBy(() -> Sql.main(new String[0])).hasMessageStartingWith("usage: Sql");
  }
}
