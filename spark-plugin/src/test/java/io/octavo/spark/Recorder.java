package io.octavo.spark;

import io.octavo.train.StepMetrics;
import java.util.ArrayList;
import java.util.List;

/** Keeps what happened in a run. */
final class Recorder implements TrainingListener {

  final List<Long> starts = new ArrayList<>();
  final List<Double> losses = new ArrayList<>();
  final List<String> failures = new ArrayList<>();

  @Override
  public void attemptStarted(int attempt, long startStep) {
    starts.add(startStep);
  }

  @Override
  public void stepDone(StepMetrics metrics) {
    losses.add(metrics.loss());
  }

  @Override
  public void attemptFailed(int attempt, String reason) {
    failures.add(reason);
  }
}
