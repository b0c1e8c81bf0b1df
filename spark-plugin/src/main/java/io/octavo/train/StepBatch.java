package io.octavo.train;

import java.nio.IntBuffer;

/**
 * One rank's samples of one step.
 *
 * @param step counted from 1
 * @param tokens {@code [samples, sequenceLength + 1]} token ids in the order of the epoch
 * @param samples how many
 */
public record StepBatch(long step, IntBuffer tokens, int samples) {}
