package io.octavo.examples.bench;

import io.octavo.collective.LocalCollective;
import io.octavo.kernel.Backend;
import io.octavo.train.StepBatch;
import io.octavo.train.TimedBackend;
import io.octavo.train.Trainer;
import java.nio.IntBuffer;
import java.util.Comparator;
import java.util.Map;

/**
 * Where a training step's time goes: the step runs eagerly and is waited for after each call, so
 * that every call carries the cost of its launch and of the wait.
 */
final class ProfileBenchmark {

  /** The first step chooses algorithms. */
  private static final int WARMUP = 2;

  private ProfileBenchmark() {}

  static void measure(Setting setting) {
    for (TrainCase training : setting.training()) {
      try {
        measure(setting, training);
      } catch (RuntimeException e) {
        setting.report().failed(Benchmarks.PROFILE, training.subject(), training.shape(), e);
      }
    }
  }

  private static void measure(Setting setting, TrainCase training) {
    TimedBackend timed = new TimedBackend(System::nanoTime);
    Backend backend = timed.of(setting.backend());
    TrainingData data =
        new TrainingData(setting.options().seed(), training.model().initializerRange());
    IntBuffer tokens = data.tokens(training);
    int steps = setting.steps();
    try (Trainer trainer =
        new Trainer(
            training.model(),
            training.config(WARMUP + (long) steps, setting.options().seed()),
            backend,
            new LocalCollective(backend),
            TrainBenchmark.NO_END_OF_TEXT)) {
      trainer.load(data);
      long begin = 0;
      for (int step = 1; step <= WARMUP + steps; step++) {
        if (step == WARMUP + 1) {
          timed.reset();
          begin = System.nanoTime();
        }
        trainer.step(new StepBatch(step, tokens, training.batch()));
      }
      print(setting, training, timed.costs(), System.nanoTime() - begin);
    }
  }

  private static void print(
      Setting setting, TrainCase training, Map<String, TimedBackend.Cost> costs, long nanos) {
    costs.entrySet().stream()
        .sorted(
            Comparator.comparingLong(
                    (Map.Entry<String, TimedBackend.Cost> entry) -> entry.getValue().nanos())
                .reversed())
        .forEach(entry -> row(setting, training, entry.getKey(), entry.getValue(), nanos));
    long calls = costs.values().stream().mapToLong(TimedBackend.Cost::calls).sum();
    long known = costs.values().stream().mapToLong(TimedBackend.Cost::nanos).sum();
    row(setting, training, "all calls", new TimedBackend.Cost(calls, known), nanos);
  }

  private static void row(
      Setting setting, TrainCase training, String name, TimedBackend.Cost cost, long nanos) {
    int steps = setting.steps();
    setting
        .report()
        .add(
            Benchmarks.PROFILE,
            name,
            training.preset() + " " + training.recipe().name() + " " + training.shape(),
            new Numbers()
                .with("calls_a_step", (double) cost.calls() / steps)
                .with("ms_a_step", cost.nanos() / 1e6 / steps)
                .with("percent_of_step", 100.0 * cost.nanos() / nanos));
  }
}
