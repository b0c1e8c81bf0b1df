package io.octavo.examples;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class TestQuantize {

  @Test
  void refusesACommandLineBeforeSparkStarts() {
    assertThatThrownBy(() -> Quantize.main(new String[] {"a", "b"}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("usage: Quantize");
    assertThatThrownBy(() -> Quantize.main(new String[] {"a", "b", "fp9"}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Invalid quantization scheme: fp9");
    assertThatThrownBy(() -> Quantize.main(new String[] {"a", "b", "fp8-row", "lm_head"}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Invalid rule: lm_head");
  }
}
