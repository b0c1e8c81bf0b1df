package io.octavo.examples.bench;

import io.octavo.kernel.Backend;
import java.util.List;
import java.util.function.Supplier;

/**
 * What every family measures with.
 *
 * @param copyRate bytes a second that a copy reads and writes together
 */
record Setting(
    Backend backend,
    BenchOptions options,
    Sizes sizes,
    Draws draws,
    Report report,
    Clock clock,
    double copyRate) {

  /** Training cases by option, or those of the sizes. */
  List<TrainCase> training() {
    return options.training().isEmpty()
        ? TrainCase.withEachRecipe(sizes.training())
        : options.training();
  }

  int warmup() {
    return options.warmup() < 0 ? sizes.warmup() : options.warmup();
  }

  int steps() {
    return options.steps() < 0 ? sizes.steps() : options.steps();
  }

  /** Memory for one measurement; the caller closes it. */
  DeviceTensors memory() {
    return new DeviceTensors(backend, draws);
  }

  /** Adds what {@code measure} gives, or why it gave nothing. */
  void row(String family, String subject, String shape, Supplier<Numbers> measure) {
    Numbers numbers;
    try {
      numbers = measure.get();
    } catch (RuntimeException e) {
      // One kernel that a device lacks must not hide what the others do.
      report.failed(family, subject, shape, e);
      return;
    }
    report.add(family, subject, shape, numbers);
  }

  /** Work that moves {@code bytes}, compared with a copy. */
  void bandwidth(String family, String subject, String shape, long bytes, Runnable work) {
    row(family, subject, shape, () -> bandwidth(bytes, work));
  }

  Numbers bandwidth(long bytes, Runnable work) {
    double seconds = clock.seconds(work);
    double rate = bytes / seconds;
    return new Numbers()
        .with("ms", 1e3 * seconds)
        .with("tb_per_s", rate / 1e12)
        .with("percent_of_copy", 100 * rate / copyRate);
  }

  /** Work of {@code flops} multiplications and additions. */
  void arithmetic(String family, String subject, String shape, double flops, Runnable work) {
    row(
        family,
        subject,
        shape,
        () -> {
          double seconds = clock.seconds(work);
          return new Numbers()
              .with("ms", 1e3 * seconds)
              .with("tflop_per_s", flops / seconds / 1e12);
        });
  }
}
