package io.octavo.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.octavo.optim.MomentFormat;
import io.octavo.quant.Recipe;
import org.junit.jupiter.api.Test;

class TestCompareRecipesOptions {

  private static CompareRecipesOptions parse(String arguments) {
    return CompareRecipesOptions.parse(arguments.split(" "));
  }

  @Test
  void onlyCoatHasFp8Moments() {
    CompareRecipesOptions options = parse("--text a,b");
    assertThat(options.text()).hasSize(2);
    assertThat(options.recipes())
        .containsExactly(new Recipe.Bf16(), new Recipe.Coat(), new Recipe.Deepseek());
    assertThat(options.recipes().stream().map(recipe -> options.config(recipe).moments()))
        .containsExactly(MomentFormat.FP32, MomentFormat.FP8, MomentFormat.FP32);
  }

  @Test
  void warmupAndRowsFollowTheSteps() {
    assertThat(parse("--text a --steps 300").warmup()).isEqualTo(30);
    assertThat(parse("--text a --steps 300").every()).isEqualTo(15);
    assertThat(parse("--text a --steps 7").every()).isEqualTo(1);
    assertThat(parse("--text a --warmup 0 --every 9 --steps 300").warmup()).isZero();
    assertThat(parse("--text a --warmup 0 --every 9 --steps 300").every()).isEqualTo(9);
  }

  @Test
  void whatItCannotReadIsToldWithTheUsage() {
    assertThatThrownBy(() -> parse("--steps 3"))
        .hasMessageStartingWith("Cannot train without text: give --text")
        .hasMessageContaining("usage: CompareRecipes");
    assertThatThrownBy(() -> parse("--text a --stepz 3"))
        .hasMessageStartingWith("Invalid option: --stepz (expected one of those below)");
    assertThatThrownBy(() -> parse("--text a --steps"))
        .hasMessageStartingWith("Invalid option: --steps (expected one of those below, with");
    assertThatThrownBy(() -> parse("--text a --steps 0"))
        .hasMessageStartingWith("Invalid --steps: 0 (expected a whole number of 1 or more)");
    assertThatThrownBy(() -> parse("--text a --learning-rate -1"))
        .hasMessageStartingWith("Invalid --learning-rate: -1 (expected a number above 0)");
    assertThatThrownBy(() -> parse("--text a --tokenizer words"))
        .hasMessageStartingWith("Invalid --tokenizer: words (expected byte)");
    assertThatThrownBy(() -> parse("--text a --recipes bf16,fp9"))
        .hasMessageStartingWith("Invalid precision: fp9");
  }
}
