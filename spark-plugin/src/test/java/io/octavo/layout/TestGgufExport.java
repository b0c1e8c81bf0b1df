package io.octavo.layout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.octavo.gguf.GgufFile;
import io.octavo.gguf.GgufType;
import io.octavo.gguf.GgufValue;
import io.octavo.golden.GoldenFiles;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TestGgufExport {

  @TempDir Path directory;

  private GgufFile export(Path model, GgufType type) {
    Path file = directory.resolve(type + ".gguf");
    GgufExport.write(
        new org.apache.hadoop.fs.Path(model.toUri()),
        new org.apache.hadoop.fs.Path(file.toUri()),
        type,
        new Configuration());
    return GgufFile.open(file);
  }

  private static GgufValue element(GgufValue array, int index) {
    return ((GgufValue.Array) array).values().get(index);
  }

  @Test
  void holdsModelAndTokenizer() throws IOException {
    Path wiki = GoldenFiles.unpack("wiki-llama.tar.aa", directory);
    GgufFile file = export(wiki, GgufType.F16);
    Map<String, GgufValue> values = file.metadata();

    assertThat(values.get("general.architecture")).isEqualTo(new GgufValue.Text("llama"));
    assertThat(values.get("llama.attention.head_count_kv")).isEqualTo(new GgufValue.U32(5));
    assertThat(values.get("llama.rope.dimension_count")).isEqualTo(new GgufValue.U32(32));
    assertThat(values.get("tokenizer.ggml.model")).isEqualTo(new GgufValue.Text("gpt2"));
    assertThat(values.get("tokenizer.ggml.pre")).isEqualTo(new GgufValue.Text("gpt-2"));
    assertThat(element(values.get("tokenizer.ggml.merges"), 1))
        .isEqualTo(new GgufValue.Text("Ġ th"));
    assertThat(((GgufValue.Array) values.get("tokenizer.ggml.tokens")).values()).hasSize(4096);
    assertThat(element(values.get("tokenizer.ggml.token_type"), 0)).isEqualTo(new GgufValue.I32(3));
    assertThat(values.get("tokenizer.ggml.eos_token_id")).isEqualTo(new GgufValue.U32(2));
    assertThat(values.get("tokenizer.ggml.add_bos_token")).isEqualTo(new GgufValue.Bool(false));
    assertThat(file.tensors()).hasSize(6 * 9 + 3);
  }

  /** Rows 0 and 16 of a head of 32 are neighbours; what is no query or key stays in its order. */
  @Test
  void putsRowsThatTurnTogetherSideBySide() throws IOException {
    Path wiki = GoldenFiles.unpack("wiki-llama.tar.aa", directory);
    GgufFile file = export(wiki, GgufType.F16);
    try (HuggingFaceFiles files =
        HuggingFaceFiles.open(new org.apache.hadoop.fs.Path(wiki.toUri()), new Configuration())) {
      FloatBuffer keys = FloatBuffer.allocate(160 * 320);
      files.dense("model.layers.3.self_attn.k_proj.weight", keys);
      FloatBuffer values = FloatBuffer.allocate(160 * 320);
      files.dense("model.layers.3.self_attn.v_proj.weight", values);
      float[] written = file.read("blk.3.attn_k.weight");
      float[] others = file.read("blk.3.attn_v.weight");
      for (int column = 0; column < 320; column++) {
        assertClose(written[(32 + 1) * 320 + column], keys.get((32 + 16) * 320 + column));
        assertClose(written[(32 + 2) * 320 + column], keys.get((32 + 1) * 320 + column));
        assertClose(written[(128 + 31) * 320 + column], keys.get((128 + 31) * 320 + column));
        assertClose(others[17 * 320 + column], values.get(17 * 320 + column));
      }
    }
  }

  /** BF16 numbers of this size are FP16 numbers or nearly so. */
  private static void assertClose(float actual, float expected) {
    assertThat(actual).isCloseTo(expected, within(Math.abs(expected) * 0x1p-11f + 0x1p-25f));
  }

  @Test
  void blocksTakeMatricesOnly() throws IOException {
    Path wiki = GoldenFiles.unpack("wiki-llama.tar.aa", directory);
    GgufFile file = export(wiki, GgufType.Q4_0);

    assertThat(file.tensors().get("blk.0.ffn_down.weight").type()).isEqualTo(GgufType.Q4_0);
    assertThat(file.tensors().get("output.weight").type()).isEqualTo(GgufType.Q8_0);
    assertThat(file.tensors().get("blk.0.attn_norm.weight").type()).isEqualTo(GgufType.F32);
  }

  @Test
  void bytesAreATokenizerToo() {
    Map<String, GgufValue> values = GgufTokenizer.bytes(272);

    assertThat(element(values.get("tokenizer.ggml.tokens"), 'a'))
        .isEqualTo(new GgufValue.Text("a"));
    assertThat(element(values.get("tokenizer.ggml.tokens"), ' '))
        .isEqualTo(new GgufValue.Text("Ġ"));
    assertThat(element(values.get("tokenizer.ggml.tokens"), 0xAD))
        .isEqualTo(new GgufValue.Text("Ń"));
    assertThat(element(values.get("tokenizer.ggml.token_type"), 271))
        .isEqualTo(new GgufValue.I32(5));
  }
}
