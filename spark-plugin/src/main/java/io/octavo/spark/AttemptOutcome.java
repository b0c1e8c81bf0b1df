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

  /** Spark's own words on why a barrier stage failed, which follow these. */
  Pattern SPARK_REASON = Pattern.compile("Most recent failure reason: ([^\\n]+(?:\\n[^\\n]+)?)");

  static <R> AttemptOutcome<R> late(String reason) {
    return new Broken<>(Kind.TRANSIENT, reason, Optional.empty(), Optional.empty());
  }

  /**
   * The outcome of a job that Spark has failed.
   *
   * @param told what a rank has told of it before
   */
  static <R> AttemptOutcome<R> broken(Optional<Failed> told, Throwable job) {
    if (String.valueOf(job.getMessage()).contains("SPARK_JOB_CANCELLED")) {
      return new Broken<>(Kind.INVALID, sparkReason(job), Optional.empty(), Optional.of(job));
    }
    if (told.isEmpty() || told.get().consequence()) {
      String reason =
          told.map(failed -> sparkReason(job) + "; then " + describe(failed))
              .orElse(sparkReason(job));
      return new Broken<>(Kind.TRANSIENT, reason, Optional.empty(), Optional.of(job));
    }
    Failed failed = told.get();
    String signature = failed.last().step() + " " + failed.error();
    return new Broken<>(failed.kind(), describe(failed), Optional.of(signature), Optional.of(job));
  }

  private static String describe(Failed failed) {
    return "%s failed: %s".formatted(failed.last().describe(), failed.error());
  }

  private static String sparkReason(Throwable job) {
    String message = String.valueOf(job.getMessage());
    Matcher matcher = SPARK_REASON.matcher(message);
    return matcher.find()
        ? matcher.group(1).replace('\n', ' ')
        : message.lines().findFirst().orElse(message);
  }
}
