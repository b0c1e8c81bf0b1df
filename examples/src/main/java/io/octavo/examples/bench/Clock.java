package io.octavo.examples.bench;

import io.octavo.kernel.Backend;
import io.octavo.kernel.Replay;
import java.util.Arrays;

/** Time of work given to a device. */
final class Clock {

  private static final int SAMPLES = 7;
  private static final int REPEATS = 10;

  /** Work that takes longer is not repeated within a sample: giving it costs next to nothing. */
  private static final double LONG_SECONDS = 0.03;

  private static final double WARM_SECONDS = 0.05;

  private final Backend backend;

  Clock(Backend backend) {
    this.backend = backend;
  }

  /** Seconds that one call of {@code work} takes when it is replayed. */
  double seconds(Runnable work) {
    // The first call chooses algorithms and makes what is made once; clocks rise and code is
    // compiled in those after it.
    waitFor(work);
    double each = waitFor(work);
    for (double warm = each; warm < WARM_SECONDS; warm += each) {
      each = waitFor(work);
    }
    return each > LONG_SECONDS ? seconds(work, 1) : seconds(work, REPEATS);
  }

  /** As {@link #seconds(Runnable)} of work that has run before, {@code repeats} calls a sample. */
  double seconds(Runnable work, int repeats) {
    try (Replay replay = backend.capture(() -> repeat(work, repeats))) {
      backend.synchronize();
      double[] samples = new double[SAMPLES];
      for (int i = 0; i < SAMPLES; i++) {
        samples[i] = waitFor(replay::run);
      }
      return median(samples) / repeats;
    }
  }

  /** Seconds of long work given call by call: a captured copy takes a slower way on a GPU. */
  double secondsUncaptured(Runnable work) {
    waitFor(work);
    double[] samples = new double[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) {
      samples[i] = waitFor(() -> repeat(work, REPEATS));
    }
    return median(samples) / REPEATS;
  }

  static void repeat(Runnable work, int repeats) {
    for (int i = 0; i < repeats; i++) {
      work.run();
    }
  }

  /** Seconds until the device has done {@code work}. */
  double waitFor(Runnable work) {
    long begin = System.nanoTime();
    work.run();
    backend.synchronize();
    return (System.nanoTime() - begin) / 1e9;
  }

  static double median(double[] samples) {
    double[] sorted = samples.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }
}
