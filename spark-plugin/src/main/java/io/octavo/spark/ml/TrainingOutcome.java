package io.octavo.spark.ml;

import java.io.Serializable;
import java.util.Map;

/**
 * What a rank brings back.
 *
 * @param heldOut mean negative log-likelihood of held-out samples, by steps done
 * @param bytes its memory outside the Java heap
 * @param waitSeconds time its steps waited for data
 * @param device one line on what computed
 */
record TrainingOutcome(Map<Long, Double> heldOut, long bytes, double waitSeconds, String device)
    implements Serializable {}
