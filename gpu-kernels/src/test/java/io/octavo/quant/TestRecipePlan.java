package io.octavo.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class TestRecipePlan {

  @Test
  void takesTheFirstRuleThatMatches() {
    RecipePlan plan =
        RecipePlan.of(
            new Recipe.Coat(), " layers.0.*=bf16, *.down_proj = tensorwise,layers.0.mlp.*=fp32");

    assertThat(plan.recipeFor("layers.0.mlp.down_proj")).isEqualTo(new Recipe.Bf16());
    assertThat(plan.recipeFor("layers.10.mlp.down_proj")).isEqualTo(new Recipe.Tensorwise());
    assertThat(plan.recipeFor("layers.10.self_attn.qkv_proj")).isEqualTo(new Recipe.Coat());
    assertThat(plan.reasonFor("layers.0.mlp.down_proj")).isEqualTo("matches layers.0.*");
    assertThat(plan.reasonFor("layers.10.self_attn.qkv_proj")).isEqualTo("the run's recipe");
  }

  @Test
  void takesDotsAsDots() {
    RecipePlan plan = RecipePlan.of(new Recipe.Fp32(), "layers.1.*=bf16");

    assertThat(plan.recipeFor("layers.1.mlp.down_proj")).isEqualTo(new Recipe.Bf16());
    assertThat(plan.recipeFor("layers.11.mlp.down_proj")).isEqualTo(new Recipe.Fp32());
    assertThat(plan.recipeFor("layersX1.mlp.down_proj")).isEqualTo(new Recipe.Fp32());
  }

  @Test
  void refusesWhatIsNoRule() {
    assertThatThrownBy(() -> RecipePlan.of(new Recipe.Fp32(), "layers.0.*"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("layers.0.*")
        .hasMessageContaining("pattern=recipe");
    assertThatThrownBy(() -> RecipePlan.of(new Recipe.Fp32(), "layers.0.*=fp3"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("fp3");
  }
}
