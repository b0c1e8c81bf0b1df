package io.octavo.examples.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.octavo.optim.MomentFormat;
import io.octavo.quant.Recipe;
import org.junit.jupiter.api.Test;

class TestBenchOptions {

  private static BenchOptions parse(String arguments) {
    return BenchOptions.parse(arguments.split(" "));
  }

  @Test
  void everythingButTheProfileIsMeasuredUnlessToldOtherwise() {
    BenchOptions options = BenchOptions.parse();
    assertThat(options.backend()).isEqualTo("auto");
    assertThat(options.families())
        .hasSize(Benchmarks.names().size() - 1)
        .doesNotContain(Benchmarks.PROFILE);
    assertThat(options.sizesOn("cuda")).isSameAs(Sizes.LARGE);
    assertThat(options.sizesOn("cpu")).isSameAs(Sizes.SMALL);
    assertThat(parse("--sizes tiny").sizesOn("cuda")).isSameAs(Sizes.TINY);
    assertThat(parse("--profile --only gemm,copy").families())
        .containsExactlyInAnyOrder("gemm", "copy", "profile");
  }

  @Test
  void trainingCasesNameModelRecipeBatchAndMoments() {
    assertThat(parse("--train b1:coat:8x2048,m124:bf16:64x1024:fp8").training())
        .containsExactly(
            new TrainCase("b1", new Recipe.Coat(), MomentFormat.FP8, 8, 2048),
            new TrainCase("m124", new Recipe.Bf16(), MomentFormat.FP8, 64, 1024));
    assertThat(TrainCase.withEachRecipe(Sizes.LARGE.training())).hasSize(20);
    assertThat(TrainCase.parse("b7:tensorwise:2x2048").moments()).isEqualTo(MomentFormat.FP32);
  }

  @Test
  void everyOptionIsInTheUsage() {
    assertThat(BenchOptions.USAGE)
        .contains(
            "--backend",
            "--device",
            "--threads",
            "--sizes",
            "--only",
            "--train",
            "--warmup",
            "--steps",
            "--profile",
            "--peak",
            "--json",
            "--seed",
            "--help")
        .contains(Benchmarks.names());
  }

  @Test
  void whatItCannotReadIsToldWithTheUsage() {
    assertThatThrownBy(() -> parse("--only gemm,gem"))
        .hasMessageStartingWith("Invalid family: gem (expected copy, launch,")
        .hasMessageContaining("usage: Bench");
    assertThatThrownBy(() -> parse("--step 3"))
        .hasMessageStartingWith("Invalid option: --step")
        .hasMessageContaining("usage: Bench");
    assertThatThrownBy(() -> parse("--json")).hasMessageStartingWith("Invalid option: --json");
    assertThatThrownBy(() -> parse("--warmup 1"))
        .hasMessageStartingWith("Invalid --warmup: 1 (expected a whole number of 2 or more)");
    assertThatThrownBy(() -> parse("--peak 0"))
        .hasMessageStartingWith("Invalid --peak: 0 (expected a number above 0)");
    assertThatThrownBy(() -> parse("--sizes huge"))
        .hasMessage("Invalid --sizes: huge (expected large, small or tiny)");
    assertThatThrownBy(() -> parse("--train b1:coat"))
        .hasMessageStartingWith("Invalid training case: b1:coat (expected MODEL:RECIPE:");
    assertThatThrownBy(() -> parse("--train b2:coat:1x1")).hasMessageStartingWith("Invalid model");
  }
}
