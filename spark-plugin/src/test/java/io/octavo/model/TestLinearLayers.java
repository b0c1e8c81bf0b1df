package io.octavo.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.octavo.quant.Recipe;
import io.octavo.quant.RecipePlan;
import org.junit.jupiter.api.Test;

class TestLinearLayers {

  private static final ModelConfig MODEL = ModelConfig.llama(100, 32, 48, 2, 4, 2, 64);

  @Test
  void explainTheRecipeOfEachLayer() {
    RecipePlan plan = RecipePlan.of(new Recipe.Coat(), "layers.0.*=bf16,*.down_proj=fp32");

    assertThat(
            LinearLayers.of(MODEL, plan).explain().lines().map(line -> line.replaceAll(" +", " ")))
        .containsExactly(
            "layers.0.self_attn.qkv_proj bf16 matches layers.0.*",
            "layers.0.self_attn.o_proj bf16 matches layers.0.*",
            "layers.0.mlp.gate_up_proj bf16 matches layers.0.*",
            "layers.0.mlp.down_proj bf16 matches layers.0.*",
            "layers.1.self_attn.qkv_proj coat the run's recipe",
            "layers.1.self_attn.o_proj coat the run's recipe",
            "layers.1.mlp.gate_up_proj coat the run's recipe",
            "layers.1.mlp.down_proj fp32 matches *.down_proj",
            "lm_head bf16 the output head stays in high precision");
  }

  @Test
  void countTheShareOfLowPrecision() {
    RecipePlan plan = RecipePlan.of(new Recipe.Tensorwise(), "layers.0.*=bf16");
    double layer = 64 * 32 + 32 * 32 + 96 * 32 + 32 * 48;

    assertThat(LinearLayers.of(MODEL, plan).lowPrecisionShare())
        .isCloseTo(layer / (2 * layer + 100 * 32), within(1e-12));
    RecipePlan full = RecipePlan.uniform(new Recipe.Fp32());
    assertThat(LinearLayers.of(MODEL, full).lowPrecisionShare()).isZero();
    assertThat(LinearLayers.of(MODEL, full).explain()).contains("lm_head").doesNotContain("bf16");
  }
}
