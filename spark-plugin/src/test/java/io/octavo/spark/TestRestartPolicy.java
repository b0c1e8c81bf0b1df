package io.octavo.spark;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.octavo.spark.RankMessage.Kind;
import io.octavo.train.TrainingDivergedException;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class TestRestartPolicy {

  private final RestartPolicy policy = new RestartPolicy(2);

  @Test
  void givesUpAfterTooManyAttemptsWithoutANewCheckpoint() {
    for (int attempt = 0; attempt < 2; attempt++) {
      policy.begin(10);
      assertThatCode(() -> policy.requireRestart(lost())).doesNotThrowAnyException();
    }
    policy.begin(10);
    assertThatThrownBy(() -> policy.requireRestart(lost()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "Cannot finish training, 3 attempts brought no new checkpoint"
                + " (spark.octavo.training.maxRestarts is 2): executor lost");
  }

  @Test
  void aNewCheckpointStartsTheCountAgain() {
    for (int attempt = 0; attempt < 20; attempt++) {
      policy.begin(attempt);
      assertThatCode(() -> policy.requireRestart(lost())).doesNotThrowAnyException();
    }
  }

  @Test
  void theSameFailureAtTheSameStepIsNotTriedThrice() {
    policy.begin(0);
    policy.requireRestart(failed(Kind.TRANSIENT, "5 boom"));
    policy.begin(0);
    assertThatThrownBy(() -> policy.requireRestart(failed(Kind.TRANSIENT, "5 boom")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("the same failure came twice");
  }

  @Test
  void whatWouldComeAgainIsNotTriedAgain() {
    policy.begin(0);
    assertThatThrownBy(() -> policy.requireRestart(failed(Kind.DIVERGED, "5 nan")))
        .isInstanceOf(TrainingDivergedException.class);
    assertThatThrownBy(() -> policy.requireRestart(failed(Kind.INVALID, "0 width")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static AttemptOutcome.Broken<String> lost() {
    return new AttemptOutcome.Broken<>(
        Kind.TRANSIENT, "executor lost", Optional.empty(), Optional.empty());
  }

  private static AttemptOutcome.Broken<String> failed(Kind kind, String signature) {
    return new AttemptOutcome.Broken<>(kind, "why", Optional.of(signature), Optional.empty());
  }
}
