package io.octavo.spark;

import io.octavo.spark.RankMessage.Failed;
import io.octavo.spark.RankMessage.Kind;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How an attempt ended. */
sealed interface AttemptOutcome<R> {

  /** Every rank has returned. */
  record Done<R>(List<R> results) implements AttemptOutcome<R> {}

  /**
   * A rank has failed, is lost or late.
   *
   * @param reason names it and says why
   * @param signature equal for failures that are the same; empty where none can be told
   */
  record Broken<R>(Kind kind, String reason, Optional<String> signature, Optional<Throwable> cause)
      implements AttemptOutcome<R> {}

  /** Spark's own words on the task for which a barrier stage failed. */
  Pattern LOST_TASK =
      Pattern.compile(
          "barrier task ResultTask\\(\\d+, (\\d+)\\) finished unsuccessfully\\.\\s*([^\\n]+)");

  static <R> AttemptOutcome<R> late(String reason) {
    return new Broken<>(Kind.TRANSIENT, reason, Optional.empty(), Optional.empty());
  }

  /**
   * The outcome of a job that Spark has failed.
   *
   * @param watch what the ranks have told before
   */
  static <R> AttemptOutcome<R> broken(AttemptWatch watch, Throwable job) {
    String message = String.valueOf(job.getMessage());
    if (message.contains("SPARK_JOB_CANCELLED")) {
      return broken(Kind.INVALID, firstLine(message), job);
    }
    Optional<Failed> told = watch.failure();
    if (told.isPresent() && !told.get().consequence()) {
      Failed failed = told.get();
      String signature = failed.last().step() + " " + failed.error();
      return new Broken<>(
          failed.kind(), describe(failed), Optional.of(signature), Optional.of(job));
    }
    String then = told.map(failed -> "; then " + describe(failed)).orElse("");
    return broken(Kind.TRANSIENT, lost(watch, message) + then, job);
  }

  private static <R> AttemptOutcome<R> broken(Kind kind, String reason, Throwable job) {
    return new Broken<>(kind, reason, Optional.empty(), Optional.of(job));
  }

  private static String describe(Failed failed) {
    return "%s failed: %s".formatted(failed.last().describe(), failed.error());
  }

  private static String lost(AttemptWatch watch, String message) {
    Matcher task = LOST_TASK.matcher(message);
    if (!task.find()) {
      return firstLine(message);
    }
    int rank = Integer.parseInt(task.group(1));
    String who =
        watch
            .last(rank)
            .map(
                last ->
                    "%s, last seen at step %d, phase %s,"
                        .formatted(last.place(), last.step(), last.phase()))
            .orElse("rank " + rank);
    return "%s is lost: %s".formatted(who, task.group(2));
  }

  private static String firstLine(String message) {
    return message.lines().findFirst().orElse(message);
  }
}
