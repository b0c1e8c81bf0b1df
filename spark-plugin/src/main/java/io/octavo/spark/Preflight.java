package io.octavo.spark;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Checks before a run, so that it fails in seconds rather than after a shuffle. Each problem is one
 * sentence that names the setting to change; all are told at once.
 */
public final class Preflight {

  /** One thing that must hold. */
  @FunctionalInterface
  public interface Check {

    /** What is wrong and which setting to change, in one sentence; empty where all is well. */
    Optional<String> problem();
  }

  private final List<Check> checks = new ArrayList<>();

  /** Adds a check; checks run in the order in which they were added. */
  public Preflight add(Check check) {
    checks.add(check);
    return this;
  }

  /**
   * Runs all checks.
   *
   * @throws IllegalArgumentException with one sentence a problem
   */
  public void run() {
    List<String> problems = checks.stream().flatMap(check -> check.problem().stream()).toList();
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException("Cannot train: " + String.join("; ", problems));
    }
  }
}
