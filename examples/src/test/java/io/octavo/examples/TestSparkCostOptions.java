package io.octavo.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class TestSparkCostOptions {

  private static SparkCostOptions parse(String... arguments) {
    return SparkCostOptions.parse(arguments);
  }

  @Test
  void comparesASmallModelOnTheHostUnlessToldOtherwise() {
    assertThat(parse()).isEqualTo(new SparkCostOptions("cpu", "byte-tiny", "bf16", 8, 256, 40, 1));
    assertThat(
            parse(
                "--backend",
                "cuda",
                "--model",
                "m350",
                "--precision",
                "coat",
                "--batch",
                "3",
                "--length",
                "1000",
                "--steps",
                "31",
                "--repetitions",
                "2"))
        .isEqualTo(new SparkCostOptions("cuda", "m350", "coat", 3, 1000, 31, 2));
  }

  @Test
  void whatItCannotReadIsToldWithTheUsage() {
    assertThatThrownBy(() -> parse("--stepz", "3"))
        .hasMessageStartingWith("Invalid option: --stepz")
        .hasMessageContaining("usage: SparkCost");
    assertThatThrownBy(() -> parse("--steps"))
        .hasMessageStartingWith("Invalid option: --steps has no value");
    assertThatThrownBy(() -> parse("--steps", "0"))
        .hasMessageStartingWith("Invalid --steps: 0 (expected a whole number above 0)");
    assertThatThrownBy(() -> parse("--batch", "many"))
        .hasMessageStartingWith("Invalid --batch: many (expected a whole number above 0)");
  }
}
