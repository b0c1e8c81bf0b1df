package io.octavo.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.octavo.examples.bench.ServeOptions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TestServeBench {

  @TempDir Path directory;

  @Test
  void measuresARandomModelInEveryScheme() throws IOException {
    Path json = directory.resolve("rows.json");
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ServeBench.run(
        ServeOptions.parse(
            "--model", directory.resolve("model").toString(),
            "--random", "64x2x4x96x512",
            "--weights", "none,int8-row,w4a8-int4-32",
            "--backend", "cpu",
            "--rows", "1,3",
            "--tokens", "5",
            "--samples", "1",
            "--warmup", "0",
            "--json", json.toString()),
        new PrintStream(out, true, StandardCharsets.UTF_8));
    assertThat(Files.readAllLines(json)).hasSize(6);
    assertThat(out.toString(StandardCharsets.UTF_8)).contains("w4a8-int4-32", "3 x (8 + 5)");
  }

  @Test
  void namesTheOptionItDoesNotKnow() {
    assertThatThrownBy(() -> ServeOptions.parse("--model", "x", "--batch", "2"))
        .hasMessageContaining("Invalid option: --batch")
        .hasMessageContaining("usage: ServeBench");
    assertThatThrownBy(() -> ServeOptions.parse("--model", "x", "--random", "3x4"))
        .hasMessageContaining("Invalid --random");
  }
}
