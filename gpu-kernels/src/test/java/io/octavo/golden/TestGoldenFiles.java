package io.octavo.golden;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TestGoldenFiles {

  @Test
  void unpacksAnArchiveOfOnePart(@TempDir Path directory) {
    Path tiny = GoldenFiles.unpack("tiny-llama.tar", directory);

    assertThat(tiny.resolve("golden.safetensors")).hasSize(929_928);
  }

  @Test
  void unpacksAnArchiveOfSeveralParts(@TempDir Path directory) {
    Path wiki = GoldenFiles.unpack("wiki-llama.tar.aa", directory);

    assertThat(wiki.resolve("model-00001-of-00002.safetensors")).hasSize(9_858_088);
    assertThat(wiki.resolve("tokenizer.json")).isNotEmptyFile();
  }
}
