package io.octavo.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TestRopeScaling {

  /** Llama 3.1: frequencies of theta 500000 and head size 128, by the formula in Python. */
  @ParameterizedTest
  @CsvSource({
    "0, 1.000000000000e+00",
    "10, 1.286873734327e-01",
    "28, 3.211445994753e-03",
    "29, 2.166570763503e-03",
    "30, 1.371893567761e-03",
    "32, 5.248461609930e-04",
    "34, 1.785078127680e-04",
    "35, 9.556212353965e-05",
    "36, 7.784655273932e-05",
    "50, 4.411534674558e-06",
    "63, 3.068925988915e-07"
  })
  void llama3KeepsHighFrequenciesDividesLowOnesAndBlendsBetween(int index, double expected) {
    double frequency = Math.pow(500_000, -2.0 * index / 128);
    assertThat(new RopeScaling.Llama3(8, 1, 4, 8192).scale(frequency))
        .isCloseTo(expected, within(1e-10 * expected));
  }

  @Test
  void tableHoldsAnglesOfEveryPosition() {
    ModelConfig config = ModelConfig.llama(16, 8, 8, 1, 2, 2, 64);
    RopeTable table = RopeTable.of(config, 64);

    assertThat(table.cosine()).hasSize(64 * 2);
    assertThat(table.cosine()[63 * 2]).isCloseTo((float) Math.cos(63), within(1e-6f));
    assertThat(table.sine()[63 * 2 + 1]).isCloseTo((float) Math.sin(0.63), within(1e-6f));
    assertThat(table.sine()[0]).isZero();
  }

  @ParameterizedTest
  @CsvSource({"1, 0.4", "0.01, 0.004", "3.5e-7, 1.4e-7"})
  void linearDividesEveryFrequency(double frequency, double expected) {
    assertThat(new RopeScaling.Linear(2.5).scale(frequency)).isCloseTo(expected, within(1e-15));
    assertThat(new RopeScaling.Default().scale(frequency)).isEqualTo(frequency);
  }

  /**
   * Of 64 channels, those that turn over 32 times in 4096 positions stay, slow ones are divided.
   */
  @Test
  void yarnRampsBetweenFastAndSlowChannels() {
    RopeScaling.Yarn yarn = new RopeScaling.Yarn(4, 32, 1, 4096, 1.1386, 10_000, 128);

    // Channels 20.94 and 45.03 turn 32 times and once: the ramp runs from 20 to 46.
    assertThat(ratio(yarn, 20)).isCloseTo(1, within(1e-9));
    assertThat(ratio(yarn, 46)).isCloseTo(0.25, within(1e-9));
    assertThat(ratio(yarn, 33)).isCloseTo(0.5 + 0.5 / 4, within(1e-9));
    assertThat(yarn.attentionFactor()).isEqualTo(1.1386);
  }

  private static double ratio(RopeScaling scaling, int channel) {
    double frequency = Math.pow(10_000, -channel / 64.0);
    return scaling.scale(frequency) / frequency;
  }

  /** A head size that is not hidden over heads, and scaling, reach the table. */
  @Test
  void tableFollowsHeadSizeAndScaling() {
    ModelConfig config =
        new ModelConfig(
            16,
            8,
            8,
            1,
            2,
            1,
            6,
            64,
            1e-5f,
            500,
            new RopeScaling.Linear(4),
            false,
            false,
            false,
            0.02f);
    RopeTable table = RopeTable.of(config, 10);

    assertThat(table.cosine()).hasSize(10 * 3);
    double angle = 9 * Math.pow(500, -4.0 / 6) / 4;
    assertThat(table.sine()[9 * 3 + 2]).isCloseTo((float) Math.sin(angle), within(1e-7f));
  }
}
