package io.octavo.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class TestPretrainOptions {

  private static PretrainOptions parse(String arguments) {
    return PretrainOptions.parse(arguments.split(" "));
  }

  @Test
  void comparesBf16WithFp8UnlessToldOtherwise() {
    PretrainOptions options = parse("--text a,b --text c");
    assertThat(options.text()).containsExactly("a", "b", "c");
    assertThat(options.runs().toString()).isEqualTo("[bf16/fp32, fp8/fp8]");
    assertThat(options.workers()).isZero();
  }

  @Test
  void theLastOfEqualOptionsHolds() {
    PretrainOptions options =
        parse("--text a --steps 3 --runs fp8/fp32,coat/fp8 --workers 4 --steps 7 --prompt x");
    assertThat(options.steps()).isEqualTo(7);
    assertThat(options.workers()).isEqualTo(4);
    assertThat(options.prompt()).isEqualTo("x");
    assertThat(options.runs().get(1)).isEqualTo(new PretrainOptions.Run("coat", "fp8"));
  }

  @Test
  void whatItCannotReadIsToldWithTheUsage() {
    assertThatThrownBy(() -> parse("--steps 3"))
        .hasMessageStartingWith("Cannot train without text: give --text")
        .hasMessageContaining("usage: Pretrain");
    assertThatThrownBy(() -> parse("--text a --stepz 3"))
        .hasMessageStartingWith("Invalid option: --stepz")
        .hasMessageContaining("usage: Pretrain");
    assertThatThrownBy(() -> parse("--text a --steps"))
        .hasMessageStartingWith("Invalid option: --steps has no value");
    assertThatThrownBy(() -> parse("--text a --steps many"))
        .hasMessageStartingWith("Invalid --steps: many (expected a number)");
    assertThatThrownBy(() -> parse("--text a --runs fp8"))
        .hasMessage("Invalid run: fp8 (expected PRECISION/STATES, such as fp8/fp8)");
  }
}
