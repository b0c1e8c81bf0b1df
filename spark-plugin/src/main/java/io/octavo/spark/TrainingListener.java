package io.octavo.spark;

import io.octavo.train.StepMetrics;

/** Follows a run on the driver, called by the thread that runs it. */
public interface TrainingListener {

  /** An attempt begins after {@code startStep} steps. */
  default void attemptStarted(int attempt, long startStep) {}

  /** Rank 0 has done a step. After a restart, steps since the last checkpoint come again. */
  default void stepDone(StepMetrics metrics) {}

  /** An attempt has failed and another one follows. */
  default void attemptFailed(int attempt, String reason) {}
}
