package io.octavo.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.octavo.format.CorruptDataException;
import io.octavo.kernel.Backend;
import io.octavo.reference.ReferenceBackend;
import io.octavo.tensor.Allocations;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TestHuggingFaceConfig {

  /** Llama 3.2 1B as transformers 4 wrote it. */
  private static final String STYLE4 =
      """
      {"architectures": ["LlamaForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
       "bos_token_id": 128000, "eos_token_id": [128001, 128008], "head_dim": 64, "hidden_act": "silu",
       "hidden_size": 2048, "initializer_range": 0.02, "intermediate_size": 8192,
       "max_position_embeddings": 131072, "mlp_bias": false, "model_type": "llama",
       "num_attention_heads": 32, "num_hidden_layers": 16, "num_key_value_heads": 8,
       "pretraining_tp": 1, "rms_norm_eps": 1e-05,
       "rope_scaling": {"factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
         "original_max_position_embeddings": 8192, "rope_type": "llama3"},
       "rope_theta": 500000.0, "tie_word_embeddings": true, "torch_dtype": "bfloat16",
       "use_cache": true, "vocab_size": 128256}""";

  /** The same in the style of transformers 5. */
  private static final String STYLE5 =
      """
      {"architectures": ["LlamaForCausalLM"], "attention_bias": false, "dtype": "bfloat16",
       "head_dim": 64, "hidden_act": "silu", "hidden_size": 2048, "initializer_range": 0.02,
       "intermediate_size": 8192, "max_position_embeddings": 131072, "mlp_bias": false,
       "model_type": "llama", "num_attention_heads": 32, "num_hidden_layers": 16,
       "num_key_value_heads": 8, "rms_norm_eps": 1e-05,
       "rope_parameters": {"factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
         "original_max_position_embeddings": 8192, "rope_theta": 500000.0, "rope_type": "llama3"},
       "tie_word_embeddings": true, "vocab_size": 128256}""";

  private static final String OLD =
      """
      {"architectures": ["LlamaForCausalLM"], "hidden_size": 64, "intermediate_size": 176,
       "max_position_embeddings": 128, "model_type": "llama", "num_attention_heads": 4,
       "num_hidden_layers": 2, "vocab_size": 512, "rope_scaling": null}""";

  @Test
  void readsBothStylesAlike() {
    ModelConfig config = HuggingFaceConfig.parse(STYLE4);

    assertThat(HuggingFaceConfig.parse(STYLE5)).isEqualTo(config);
    assertThat(config)
        .isEqualTo(
            new ModelConfig(
                128256,
                2048,
                8192,
                16,
                32,
                8,
                64,
                131072,
                1e-5f,
                500_000,
                new RopeScaling.Llama3(32, 1, 4, 8192),
                false,
                false,
                true,
                0.02f));
    assertThat(HuggingFaceConfig.endOfText(STYLE4)).isEqualTo(128001);
    assertThat(HuggingFaceConfig.endOfText(STYLE5)).isEqualTo(-1);
  }

  @Test
  void fillsInWhatOldFilesLeaveOut() {
    ModelConfig config = HuggingFaceConfig.parse(OLD);

    assertThat(config.headSize()).isEqualTo(16);
    assertThat(config.keyValueHeads()).isEqualTo(4);
    assertThat(config.normEpsilon()).isEqualTo(1e-6f);
    assertThat(config.ropeTheta()).isEqualTo(10_000);
    assertThat(config.ropeScaling()).isEqualTo(new RopeScaling.Default());
    assertThat(config.tiedHead()).isFalse();
  }

  @Test
  void readsWhatItWrites() {
    ModelConfig llama3 = HuggingFaceConfig.parse(STYLE4);
    ModelConfig linear =
        new ModelConfig(
            272,
            48,
            80,
            3,
            4,
            2,
            10,
            99,
            1e-6f,
            12_345.5,
            new RopeScaling.Linear(2.5),
            true,
            true,
            false,
            0.01f);
    for (ModelConfig config : List.of(llama3, linear, ModelPresets.of("byte-tiny"))) {
      String json = HuggingFaceConfig.write(config, "float32", 256);
      assertThat(HuggingFaceConfig.parse(json)).isEqualTo(config);
      assertThat(HuggingFaceConfig.endOfText(json)).isEqualTo(256);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"hidden_size\": 64|\"hidden_size\": 66|hidden_size 66 is not a multiple of num_attention_heads 4",
        "\"hidden_size\": 64|\"hidden_size\": -64|hidden_size is -64 (expected a whole number of 1 or more, at most 1048576)",
        "\"hidden_size\": 64|\"hidden_size\": 6.4|hidden_size is 6.4",
        "\"hidden_size\": 64|\"hidden_size\": 99999999999|hidden_size is 99999999999",
        "\"hidden_size\": 64,||hidden_size is missing",
        "\"vocab_size\": 512|\"vocab_size\": \"512\"|vocab_size is \"512\"",
        "\"rope_scaling\": null|\"rope_scaling\": {\"type\": \"linear\"}|factor is missing",
        "\"rope_scaling\": null|\"rope_theta\": 0|rope_theta is 0 (expected a number above 0)",
        "\"rope_scaling\": null|\"rms_norm_eps\": 1e-60|rms_norm_eps is 1.0E-60 (expected a number that FP32 holds)",
        "\"rope_scaling\": null|\"initializer_range\": 1e60|initializer_range is 1.0E60 (expected a number that FP32 holds)",
        "\"rope_scaling\": null|\"attention_bias\": \"yes\"|attention_bias is \"yes\" (expected true or false)",
        "\"rope_scaling\": null|\"tie_word_embeddings\": 1|tie_word_embeddings is 1 (expected true or false)",
        "\"num_hidden_layers\": 2|\"num_hidden_layers\": 2000000000|num_hidden_layers is 2000000000 (expected a whole number of 1 or more, at most 4096)",
        "\"rope_scaling\": null|\"head_dim\": 2147483646|head_dim is 2147483646",
        "\"rope_scaling\": null|\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 4, \"high_freq_factor\": 4, \"original_max_position_embeddings\": 9}|high_freq_factor is 4.0 (expected more than low_freq_factor 4.0)",
        "\"rope_scaling\": null}|\"rope_scaling\": null} {}|not valid JSON",
        "\"rope_scaling\": null|\"vocab_size\": 3|Duplicate field 'vocab_size'"
      })
  void namesTheFieldThatIsWrong(String from, String to, String message) {
    String json = OLD.replace(from, to == null ? "" : to);
    assertThat(json).isNotEqualTo(OLD);

    assertThatThrownBy(() -> HuggingFaceConfig.parse(json))
        .isInstanceOf(CorruptDataException.class)
        .hasMessageStartingWith("Cannot read config.json: ")
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "LlamaForCausalLM|GPT2LMHeadModel|architecture GPT2LMHeadModel: known are [LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM]",
        "\"rope_scaling\": null|\"rope_scaling\": {\"rope_type\": \"longrope\"}|rope_type longrope: known are default, dynamic, linear, llama3, yarn",
        "\"rope_scaling\": null|\"hidden_act\": \"gelu\"|hidden_act gelu: known is silu",
        "\"rope_scaling\": null|\"num_key_value_heads\": 3|expected a divisor of num_attention_heads 4",
        "\"rope_scaling\": null|\"head_dim\": 15|Invalid head_dim: 15 (expected an even number)"
      })
  void refusesModelsItDoesNotKnow(String from, String to, String message) {
    assertThatThrownBy(() -> HuggingFaceConfig.parse(OLD.replace(from, to)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @Test
  void readsWhatTellsItsKinFromLlama() {
    String mistral = OLD.replace("LlamaForCausalLM", "MistralForCausalLM");
    assertThat(HuggingFaceConfig.parse(with(mistral, "\"sliding_window\": 32")).variant())
        .isEqualTo(new AttentionVariant(false, false, 32, Set.of()));
    assertThat(HuggingFaceConfig.parse(with(mistral, "\"sliding_window\": null")).variant())
        .isEqualTo(AttentionVariant.NONE);

    String qwen2 = OLD.replace("LlamaForCausalLM", "Qwen2ForCausalLM");
    ModelConfig biased = HuggingFaceConfig.parse(with(qwen2, "\"sliding_window\": 32"));
    assertThat(biased.variant()).isEqualTo(new AttentionVariant(true, false, 0, Set.of()));
    assertThat(ParameterLayout.of(biased).units().get(1).parameters())
        .extracting(Parameter::name)
        .contains("model.layers.0.self_attn.k_proj.bias")
        .doesNotContain("model.layers.0.self_attn.o_proj.bias");

    String windowed =
        "\"use_sliding_window\": true, \"sliding_window\": 32, \"max_window_layers\": 1";
    assertThat(HuggingFaceConfig.parse(with(qwen2, windowed)).variant())
        .isEqualTo(new AttentionVariant(true, false, 32, Set.of(0)));

    String qwen3 = OLD.replace("LlamaForCausalLM", "Qwen3ForCausalLM");
    ModelConfig normed =
        HuggingFaceConfig.parse(
            with(
                qwen3,
                "\"use_sliding_window\": true, \"sliding_window\": 8, \"layer_types\": [\"sliding_attention\", \"full_attention\"]"));
    assertThat(normed.variant()).isEqualTo(new AttentionVariant(false, true, 8, Set.of(1)));
    assertThat(ParameterLayout.of(normed).units().get(2).parameters())
        .extracting(Parameter::name)
        .contains("model.layers.1.self_attn.q_norm.weight");
  }

  private static String with(String json, String fields) {
    return json.replaceFirst("\\{", java.util.regex.Matcher.quoteReplacement("{" + fields + ", "));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"architectures\": [\"MistralForCausalLM\"], \"sliding_window\": 5",
        "\"architectures\": [\"Qwen2ForCausalLM\"], \"use_sliding_window\": true, \"sliding_window\": 7, \"max_window_layers\": 1",
        "\"architectures\": [\"Qwen3ForCausalLM\"], \"attention_bias\": true",
        "\"architectures\": [\"LlamaForCausalLM\"], \"rope_parameters\": {\"rope_type\": \"yarn\", \"factor\": 4.0, \"rope_theta\": 500.0}"
      })
  void writesEveryVariantAsItReadsIt(String fields) {
    String json =
        with(OLD.replaceFirst("\"architectures\": \\[\"LlamaForCausalLM\"\\], ", ""), fields)
            .replace(", \"rope_scaling\": null", "");
    ModelConfig config = HuggingFaceConfig.parse(json);

    assertThat(HuggingFaceConfig.parse(HuggingFaceConfig.write(config, "float32", 3)))
        .isEqualTo(config);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "[]", "null", "3", "{", "{\"a\":}", "\u0000", "{}{"})
  void refusesWhatIsNoConfig(String json) {
    assertThatThrownBy(() -> HuggingFaceConfig.parse(json))
        .isInstanceOfAny(CorruptDataException.class, IllegalArgumentException.class);
  }

  @Test
  void neverFailsInAnotherWayOnMutatedFiles() {
    Random random = new Random(42);
    int read = 0;
    for (int i = 0; i < 10_000; i++) {
      String json = mutated(random.nextBoolean() ? STYLE4 : STYLE5, random);
      long before = Allocations.ofThisThread();
      try {
        ModelConfig config = HuggingFaceConfig.parse(json);
        HuggingFaceConfig.endOfText(json);
        assertThat(ParameterLayout.of(config).parameterCount()).isPositive();
        read++;
      } catch (CorruptDataException | IllegalArgumentException e) {
        assertThat(e).as(json).hasMessageMatching("(?s)(Cannot|Invalid) .+");
      }
      assertThat(Allocations.ofThisThread() - before).as(json).isLessThan(64L << 20);
    }
    assertThat(read).as("mutations that still are configs").isBetween(500, 9_500);
  }

  /** Weights of a tiny model under a config of a huge one. */
  @Test
  void costsNoMemoryWhereTheConfigIsOfAnotherModel() {
    String json =
        OLD.replace("\"hidden_size\": 64", "\"hidden_size\": 1048576")
            .replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 4096");
    WeightSource tiny =
        new WeightSource() {
          @Override
          public void read(Parameter parameter, long from, FloatBuffer target) {
            throw new IllegalStateException("Must not be reached");
          }

          @Override
          public void check(Parameter parameter) {
            throw new CorruptDataException("Cannot load " + parameter.name());
          }
        };
    try (Backend backend = new ReferenceBackend()) {
      assertThatThrownBy(() -> LoadedModel.load(HuggingFaceConfig.parse(json), tiny, backend))
          .isInstanceOf(CorruptDataException.class)
          .hasMessage("Cannot load model.embed_tokens.weight");
    }
  }

  private static String mutated(String json, Random random) {
    StringBuilder text = new StringBuilder(json);
    for (int edits = 1 + random.nextInt(3); edits > 0; edits--) {
      int at = random.nextInt(text.length());
      String pieces = "0123456789-.eE\"{}[],: \\ntrufalsx\u0000\uFFFF";
      switch (random.nextInt(4)) {
        case 0 -> text.deleteCharAt(at);
        case 1 -> text.setCharAt(at, pieces.charAt(random.nextInt(pieces.length())));
        case 2 -> text.insert(at, pieces.charAt(random.nextInt(pieces.length())));
        default -> text.insert(at, text.substring(at, Math.min(text.length(), at + 20)));
      }
    }
    return text.toString();
  }
}
