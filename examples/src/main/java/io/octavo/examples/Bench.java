package io.octavo.examples;

import io.octavo.examples.bench.BenchOptions;
import io.octavo.examples.bench.Benchmarks;
import io.octavo.examples.bench.Report;
import io.octavo.kernel.Backend;
import io.octavo.kernel.BackendChoice;
import io.octavo.kernel.Backends;
import io.octavo.kernel.Placement;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;

/**
 * Measures a device: copies, every family of kernels, matrix products by recipe, and whole training
 * steps. Needs no Spark. Run it with {@code --help} for its options.
 */
public final class Bench {

  private Bench() {}

  public static void main(String[] arguments) throws IOException {
    if (List.of(arguments).contains("--help")) {
      System.out.println(BenchOptions.USAGE);
      return;
    }
    int failures = run(BenchOptions.parse(arguments), System.out);
    if (failures > 0) {
      System.err.printf("%d measurements failed: see the rows with an error%n", failures);
      System.exit(1);
    }
  }

  /** Measures what was asked for; returns how many measurements failed. */
  static int run(BenchOptions options, PrintStream out) throws IOException {
    BackendChoice choice = Backends.installed().chooseOrBest(options.backend());
    out.println(choice.explanation());
    Placement placement = Placement.of(options.threads(), options.device());
    try (Report report = Report.to(out, options.json());
        Backend backend = choice.open(placement)) {
      Benchmarks.measure(backend, options, report);
      return report.failures();
    }
  }
}
