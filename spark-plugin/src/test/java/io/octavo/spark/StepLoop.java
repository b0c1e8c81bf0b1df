package io.octavo.spark;

import io.octavo.collective.Collective;
import io.octavo.reference.ReferenceBackend;
import io.octavo.train.StepMetrics;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** A training without a model: the loss of step s is s. */
record StepLoop(long steps, Trouble trouble) implements RankBody<Integer, ArrayList<Long>> {

  /** What goes wrong at a step. */
  @FunctionalInterface
  interface Trouble extends java.io.Serializable {
    void at(RankContext context, long step) throws Exception;
  }

  @Override
  public ArrayList<Long> run(RankContext context, Iterator<Integer> samples) throws Exception {
    List<Long> done = new ArrayList<>();
    try (ReferenceBackend backend = new ReferenceBackend()) {
      Collective collective = context.collective(backend);
      context.enter(Phase.PREPARE);
      for (long step = context.startStep() + 1; step <= steps; step++) {
        context.begin(step);
        trouble.at(context, step);
        double[] sum = {step};
        collective.allReduceSum(sum);
        double loss = sum[0] / context.worldSize();
        context.done(new StepMetrics(step, loss, 1, 1, 1, 1, 0, 1, 0, collective.bytesSent()));
        done.add(step);
      }
    }
    return new ArrayList<>(done);
  }
}
