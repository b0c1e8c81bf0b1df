package io.octavo.spark;

import io.octavo.train.TrainingDivergedException;
import java.util.Optional;

/** Whether another attempt is worth it. */
final class RestartPolicy {

  private final int maxRestarts;
  private long startStep = -1;
  private int withoutProgress;
  private Optional<String> lastSignature = Optional.empty();

  /**
   * @param maxRestarts attempts in a row that may fail without a new checkpoint
   */
  RestartPolicy(int maxRestarts) {
    this.maxRestarts = maxRestarts;
  }

  /** An attempt begins after {@code step} steps; more than before is progress. */
  void begin(long step) {
    if (step > startStep) {
      withoutProgress = 0;
      lastSignature = Optional.empty();
    }
    startStep = step;
  }

  /**
   * Returns where another attempt should follow.
   *
   * @throws RuntimeException telling the reason where it should not
   */
  void requireRestart(AttemptOutcome.Broken<?> broken) {
    switch (broken.kind()) {
      case DIVERGED -> throw withCause(new TrainingDivergedException(broken.reason()), broken);
      case INVALID ->
          throw withCause(new IllegalArgumentException("Cannot train: " + broken.reason()), broken);
      case TRANSIENT -> requireHope(broken);
    }
    lastSignature = broken.signature();
  }

  private void requireHope(AttemptOutcome.Broken<?> broken) {
    if (broken.signature().isPresent() && broken.signature().equals(lastSignature)) {
      throw givenUp(broken, "the same failure came twice");
    }
    withoutProgress++;
    if (withoutProgress > maxRestarts) {
      throw givenUp(
          broken,
          "%d attempts brought no new checkpoint (spark.octavo.training.maxRestarts is %d)"
              .formatted(withoutProgress, maxRestarts));
    }
  }

  private static IllegalStateException givenUp(AttemptOutcome.Broken<?> broken, String why) {
    return withCause(
        new IllegalStateException("Cannot finish training, %s: %s".formatted(why, broken.reason())),
        broken);
  }

  private static <E extends RuntimeException> E withCause(
      E exception, AttemptOutcome.Broken<?> broken) {
    broken.cause().ifPresent(exception::initCause);
    return exception;
  }
}
