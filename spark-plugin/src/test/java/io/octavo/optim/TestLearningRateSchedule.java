package io.octavo.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TestLearningRateSchedule {

  @ParameterizedTest
  @CsvSource({"1,0.25", "4,1", "54,0.55", "104,0.1", "500,0.1"})
  void cosineRisesThenFallsToItsFinalFactor(long step, double factor) {
    LearningRateSchedule cosine = new LearningRateSchedule.WarmupCosine(4, 104, 0.1);
    assertThat(cosine.factor(step)).isCloseTo(factor, within(1e-12));
  }

  @ParameterizedTest
  @CsvSource({"1,0.1", "10,1", "11,1", "80,1", "90,0.5", "100,0", "101,0"})
  void stableScheduleFallsOnlyAtTheEnd(long step, double factor) {
    LearningRateSchedule stable = new LearningRateSchedule.WarmupStableDecay(10, 20, 100, 0);
    assertThat(stable.factor(step)).isCloseTo(factor, within(1e-12));
  }

  @Test
  void neverLeavesTheUnitInterval() {
    for (LearningRateSchedule schedule :
        new LearningRateSchedule[] {
          new LearningRateSchedule.Constant(),
          new LearningRateSchedule.WarmupCosine(0, 1, 0),
          new LearningRateSchedule.WarmupCosine(7, 3, 0.2),
          new LearningRateSchedule.WarmupStableDecay(0, 0, 50, 0.5),
          new LearningRateSchedule.WarmupStableDecay(30, 30, 50, 0)
        }) {
      for (long step = 1; step <= 60; step++) {
        assertThat(schedule.factor(step)).as("%s at %d", schedule, step).isBetween(0.0, 1.0);
      }
    }
  }

  @Test
  void refusesSettingsThatCannotTrain() {
    assertThatThrownBy(() -> AdamWConfig.defaults(-1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("Invalid learningRate: -1.0 (expected 0 or more)");
    assertThatThrownBy(() -> new AdamWConfig(1, 0.9f, 1f, 1e-8f, 0, 0, false))
        .hasMessage("Invalid beta2: 1.0 (expected [0, 1))");
    assertThatThrownBy(() -> AdamWConfig.defaults(Float.NaN)).hasMessageContaining("learningRate");
  }
}
