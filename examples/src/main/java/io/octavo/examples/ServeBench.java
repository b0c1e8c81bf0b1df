package io.octavo.examples;

import io.octavo.examples.bench.Report;
import io.octavo.examples.bench.ServeBenchmark;
import io.octavo.examples.bench.ServeOptions;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;

/**
 * Measures how fast a model continues texts: alone, and many at once. Needs no Spark. Run it with
 * {@code --help} for its options.
 */
public final class ServeBench {

  private ServeBench() {}

  public static void main(String[] arguments) throws IOException {
    if (List.of(arguments).contains("--help")) {
      System.out.println(ServeOptions.USAGE);
      return;
    }
    run(ServeOptions.parse(arguments), System.out);
  }

  static void run(ServeOptions options, PrintStream out) throws IOException {
    try (Report report = Report.to(out, options.json())) {
      ServeBenchmark.measure(options, report, out);
    }
  }
}
