package io.octavo.examples.bench;

import io.octavo.kernel.Backend;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;

/** What giving work to the device costs beside the work. */
final class LaunchBenchmark {

  private static final String FAMILY = "launch";

  /** Few enough that no queue of a device is full. */
  private static final int CALLS = 500;

  private static final int SAMPLES = 7;

  private LaunchBenchmark() {}

  static void measure(Setting setting) {
    Backend backend = setting.backend();
    try (DeviceTensors memory = setting.memory()) {
      Tensor few = memory.random(DataType.F32, 128);
      Runnable call = () -> backend.activation().scale(few, -1);
      row(setting, "host's part of an eager call", () -> eager(backend, call));
      row(
          setting,
          "eager calls, until the last is done",
          () -> median(() -> setting.clock().waitFor(() -> Clock.repeat(call, CALLS)) / CALLS));
      row(
          setting,
          "captured calls, until the last is done",
          () -> {
            setting.clock().waitFor(call);
            return setting.clock().seconds(call, CALLS);
          });
      row(
          setting,
          "one captured call, until it is done",
          () -> {
            setting.clock().waitFor(call);
            return setting.clock().seconds(call, 1);
          });
      row(setting, "waiting for nothing", () -> median(() -> setting.clock().waitFor(() -> {})));
    }
  }

  private interface Seconds {
    double measure();
  }

  private static void row(Setting setting, String subject, Seconds seconds) {
    setting.row(FAMILY, subject, "", () -> new Numbers().with("us", 1e6 * seconds.measure()));
  }

  private static double eager(Backend backend, Runnable call) {
    return median(
        () -> {
          backend.synchronize();
          long begin = System.nanoTime();
          Clock.repeat(call, CALLS);
          return (System.nanoTime() - begin) / 1e9 / CALLS;
        });
  }

  private static double median(Seconds seconds) {
    seconds.measure();
    double[] samples = new double[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) {
      samples[i] = seconds.measure();
    }
    return Clock.median(samples);
  }
}
