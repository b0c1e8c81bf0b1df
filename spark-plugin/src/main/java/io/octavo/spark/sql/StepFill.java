package io.octavo.spark.sql;

import io.octavo.serve.ServedModel;
import java.util.Collection;
import java.util.Set;
import java.util.function.ToLongFunction;

/**
 * How full the steps of models were while a task asked them: rows of a step, which are tokens of
 * all tasks of the executor.
 */
final class StepFill {

  private final Set<ServedModel> models;
  private final long tokens;
  private final long steps;

  StepFill(Collection<ServedModel> models) {
    this.models = Set.copyOf(models);
    tokens = sum(ServedModel::computedTokens);
    steps = sum(ServedModel::steps);
  }

  private long sum(ToLongFunction<ServedModel> count) {
    return models.stream().mapToLong(count).sum();
  }

  /** The mean since this was made; 0 where there was no step. */
  double rowsPerStep() {
    long done = sum(ServedModel::steps) - steps;
    return done == 0 ? 0 : (double) (sum(ServedModel::computedTokens) - tokens) / done;
  }
}
