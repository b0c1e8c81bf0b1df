package io.octavo.spark;

import io.octavo.train.StepMetrics;
import java.io.Serializable;

/** What ranks tell the driver, through Spark's plugin channel. */
sealed interface RankMessage extends Serializable {

  /** The rank that speaks. */
  RankId from();

  /**
   * One rank of one attempt of one run.
   *
   * @param run identifies the training run within the application
   * @param attempt counted from 0
   */
  record RankId(String run, int attempt, int rank) implements Serializable {}

  /**
   * The rank is there.
   *
   * @param executor its executor's id
   * @param pid of its process
   * @param step last step begun, 0 before the first
   * @param steps done in this attempt
   * @param waitingFor the rank whose message it waits for, or -1
   * @param idleMillis time since it last did anything
   * @param location where its thread is in the code, where idle
   */
  record Heartbeat(
      RankId from,
      String host,
      String executor,
      long pid,
      long step,
      long steps,
      Phase phase,
      int waitingFor,
      long idleMillis,
      String location)
      implements RankMessage {

    /** One phrase naming rank, place, step and phase. */
    String describe() {
      return "%s at step %d, phase %s".formatted(place(), step, phase);
    }

    /** One phrase naming rank and place. */
    String place() {
      return "rank %d on host %s (executor %s, process %d)"
          .formatted(from.rank(), host, executor, pid);
    }
  }

  /** The rank has done a step. */
  record StepDone(RankId from, StepMetrics metrics) implements RankMessage {}

  /** The rank is done; the reply says that all it told before has been heard. */
  record Finished(RankId from) implements RankMessage {}

  /**
   * The rank has failed.
   *
   * @param kind whether another attempt can help
   * @param consequence whether the failure began on another rank
   * @param last its last heartbeat
   * @param error class and message of the exception
   */
  record Failed(Heartbeat last, Kind kind, boolean consequence, String error)
      implements RankMessage {

    @Override
    public RankId from() {
      return last.from();
    }
  }

  /** What a failure means for the next attempt. */
  enum Kind {
    /** Another attempt may succeed. */
    TRANSIENT,
    /** Loss, gradient or parameter is not finite. */
    DIVERGED,
    /** An argument or setting is wrong. */
    INVALID
  }
}
