package io.octavo.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TestModelConfig {

  private static final String SHAPE =
      """
      , "hidden_size": 64, "intermediate_size": 176, "max_position_embeddings": 128,
       "num_attention_heads": 4, "num_hidden_layers": 2, "vocab_size": 512}""";

  private static ModelConfig model(String fields) {
    return HuggingFaceConfig.parse("{" + fields + SHAPE);
  }

  @Test
  void trainsWindowsOnlyWhereSequencesFitIn() {
    ModelConfig mistral = model("\"model_type\": \"mistral\", \"sliding_window\": 32");

    assertThat(mistral.untrainable(32)).isEmpty();
    assertThat(mistral.untrainable(33).orElseThrow()).contains("set sequenceLength to 32 or less");
    assertThat(model("\"model_type\": \"mistral\", \"sliding_window\": null").untrainable(128))
        .isEmpty();
  }

  @Test
  void doesNotTrainNormsOfHeads() {
    assertThat(model("\"model_type\": \"qwen3\", \"head_dim\": 16").untrainable(1).orElseThrow())
        .contains("norms of single heads");
    assertThat(model("\"model_type\": \"qwen2\"").untrainable(128)).isEmpty();
  }

  /** transformers gives the first 28 layers everything where the config does not say how many. */
  @Test
  void windowsOfQwenStartAfterTwentyEightLayers() {
    String fields =
        "\"model_type\": \"qwen2\", \"use_sliding_window\": true, \"sliding_window\": 8";
    assertThat(model(fields).variant()).isEqualTo(model("\"model_type\": \"qwen2\"").variant());
  }
}
