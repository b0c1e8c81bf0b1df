package io.octavo.spark.feed;

import java.io.Serializable;

/**
 * One packed sequence.
 *
 * @param id stable: does not depend on how the input was partitioned
 * @param tokens {@code sequenceLength + 1} ids
 */
public record Sample(long id, int[] tokens) implements Serializable {}
