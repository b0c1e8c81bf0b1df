package io.octavo.train;

import io.octavo.collective.LocalCollective;
import io.octavo.cpu.CpuBackend;
import io.octavo.kernel.Backend;
import io.octavo.model.ModelConfig;
import io.octavo.model.ModelPresets;
import io.octavo.optim.AdamWConfig;
import io.octavo.optim.LearningRateSchedule;
import io.octavo.optim.MomentFormat;
import io.octavo.quant.Recipe;
import java.lang.management.ManagementFactory;
import java.nio.IntBuffer;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.function.LongSupplier;

/**
 * Tokens a second of whole training steps in a plain JVM, with the time of every kernel.
 *
 * <p>One thread is measured in CPU time, which other processes hardly change; several in wall time.
 *
 * <p>Usage: {@code TrainerBenchmark MODEL THREADS BATCH MICRO_BATCH LENGTH STEPS RECIPE/STATES...}
 */
public final class TrainerBenchmark {

  private TrainerBenchmark() {}

  public static void main(String[] arguments) {
    ModelConfig model = ModelPresets.of(arguments[0]);
    int threads = Integer.parseInt(arguments[1]);
    int batch = Integer.parseInt(arguments[2]);
    int micro = Integer.parseInt(arguments[3]);
    int length = Integer.parseInt(arguments[4]);
    int steps = Integer.parseInt(arguments[5]);
    for (int i = 6; i < arguments.length; i++) {
      String[] run = arguments[i].split("/");
      TrainConfig config =
          new TrainConfig(
              Recipe.of(run[0]),
              MomentFormat.valueOf(run[1].toUpperCase(Locale.ROOT)),
              AdamWConfig.defaults(1e-3f),
              new LearningRateSchedule.Constant(),
              length,
              batch,
              micro,
              steps * 2L,
              1);
      measure(arguments[i], model, config, threads, steps);
    }
  }

  private static void measure(
      String name, ModelConfig model, TrainConfig config, int threads, int steps) {
    LongSupplier clock = threads == 1 ? TrainerBenchmark::cpuNanos : System::nanoTime;
    TimedBackend timed = new TimedBackend(clock);
    try (Backend backend = timed.of(new CpuBackend(threads));
        Trainer trainer =
            new Trainer(model, config, backend, new LocalCollective(backend), 256)) {
      trainer.initialize();
      IntBuffer tokens = tokens(config);
      for (int step = 1; step <= steps; step++) {
        trainer.step(new StepBatch(step, tokens, config.globalBatch()));
      }
      timed.reset();
      double flops = 0;
      long begin = clock.getAsLong();
      for (int step = steps + 1; step <= 2 * steps; step++) {
        StepMetrics metrics =
            trainer.step(new StepBatch(step, tokens, config.globalBatch()));
        flops += metrics.modelFlops();
      }
      double seconds = (clock.getAsLong() - begin) / 1e9;
      double count = (double) steps * config.globalBatch() * config.sequenceLength();
      System.out.printf(
          "%n%s %d threads: %.0f tokens/s, %.1f model GFLOP/s, step %.1f ms%n",
          name, threads, count / seconds, flops / seconds / 1e9, 1e3 * seconds / steps);
      print(timed.costs(), seconds);
    }
  }

  private static long cpuNanos() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  private static void print(Map<String, TimedBackend.Cost> costs, double seconds) {
    double gemm = 0;
    double known = 0;
    for (Map.Entry<String, TimedBackend.Cost> entry : costs.entrySet()) {
      double share = entry.getValue().nanos() / 1e9 / seconds;
      known += share;
      gemm += entry.getKey().startsWith("gemm.") ? share : 0;
      if (share > 0.002) {
        System.out.printf("  %-36s %5.1f %%%n", entry.getKey(), 100 * share);
      }
    }
    System.out.printf(
        "  matrix products %.1f %%, other kernels %.1f %%, outside kernels %.1f %%%n",
        100 * gemm, 100 * (known - gemm), 100 * (1 - known));
  }

  private static IntBuffer tokens(TrainConfig config) {
    Random random = new Random(7);
    IntBuffer tokens =
        IntBuffer.allocate(config.globalBatch() * (config.sequenceLength() + 1));
    while (tokens.hasRemaining()) {
      tokens.put(random.nextInt(256));
    }
    return tokens.rewind();
  }
}
