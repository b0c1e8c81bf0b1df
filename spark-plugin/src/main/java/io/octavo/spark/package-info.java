/**
 * Training as a Spark job: the only package, with those below it, that imports Spark.
 *
 * <p>{@code OctavoPlugin} ({@code spark.plugins}) reads the configuration and takes heartbeats.
 * {@code BarrierTrainingJob} runs one barrier stage an attempt and starts the next attempt from the
 * last checkpoint when a rank fails, is lost or is late.
 */
@NullMarked
package io.octavo.spark;

import org.jspecify.annotations.NullMarked;
