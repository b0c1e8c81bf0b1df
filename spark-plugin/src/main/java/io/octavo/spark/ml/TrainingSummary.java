package io.octavo.spark.ml;

import io.octavo.train.MemoryPlan;
import io.octavo.train.StepMetrics;
import java.util.List;
import java.util.Map;

/**
 * What a training run did.
 *
 * @param steps metrics of every step, in order
 * @param heldOut mean negative log-likelihood of held-out samples, by steps done
 * @param memory what each rank takes
 * @param seconds wall time of the run, start-up and shuffles included
 * @param waitSeconds longest time a rank's steps waited for data
 * @param device what computed
 * @param attempts barrier stages it took; 1 where no rank was lost
 */
public record TrainingSummary(
    List<StepMetrics> steps,
    Map<Long, Double> heldOut,
    MemoryPlan memory,
    double seconds,
    double waitSeconds,
    String device,
    int attempts) {

  /** Loss of the last step. */
  public double finalLoss() {
    return steps.get(steps.size() - 1).loss();
  }

  /** Targets a second over the time in steps, all ranks together. */
  public double tokensPerSecond() {
    double tokens = steps.stream().mapToDouble(StepMetrics::targets).sum();
    return tokens / steps.stream().mapToDouble(StepMetrics::seconds).sum();
  }

  /** FLOP/s of the model over the time in steps, all ranks together. */
  public double modelFlops() {
    double flops = steps.stream().mapToDouble(StepMetrics::modelFlops).sum();
    return flops / steps.stream().mapToDouble(StepMetrics::seconds).sum();
  }
}
