package io.octavo.spark;

import org.apache.spark.api.java.JavaRDD;

/**
 * Where an attempt starts and what it is fed.
 *
 * @param startStep steps done before, those of the last checkpoint; 0 at the start
 * @param samples one partition a rank, in the order in which the rank takes them
 */
public record AttemptPlan<S>(long startStep, JavaRDD<S> samples) {

  /** Plans each attempt anew, so that it starts from the last checkpoint there is by then. */
  @FunctionalInterface
  public interface Planner<S> {

    /** The plan of attempt {@code attempt}, counted from 0. */
    AttemptPlan<S> plan(int attempt);
  }
}
