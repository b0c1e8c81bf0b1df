package io.octavo.train;

import java.io.Serializable;

/**
 * What one step did; the same on every rank except {@code bytesSent}.
 *
 * @param step counted from 1
 * @param loss mean negative log-likelihood of the step's targets, in nats
 * @param gradientNorm before clipping
 * @param learningRate used in this step
 * @param targets tokens that had a target, over all ranks
 * @param seconds wall time of the step on this rank
 * @param pauseSeconds wall time since the end of the step before: waiting for data, reports,
 *     checkpoints, evaluations; 0 for the first step of a trainer
 * @param modelFlops of the step over all ranks: 6 a parameter and token, plus attention
 * @param lowPrecisionShare of the linear layers' FLOPs whose operands were cast below 16 bits
 * @param bytesSent by this rank in this step
 */
public record StepMetrics(
    long step,
    double loss,
    double gradientNorm,
    double learningRate,
    long targets,
    double seconds,
    double pauseSeconds,
    double modelFlops,
    double lowPrecisionShare,
    long bytesSent)
    implements Serializable {}
