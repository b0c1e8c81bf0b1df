package io.octavo.examples.bench;

import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Reads the command line of a benchmark; the last of equal options holds. */
final class OptionParser {

  private final String[] arguments;
  private String backend = "auto";
  private int device = 0;
  private int threads = Runtime.getRuntime().availableProcessors();
  private Optional<String> sizes = Optional.empty();
  private Set<String> families = BenchOptions.usualFamilies();
  private List<TrainCase> training = List.of();
  private int warmup = -1;
  private int steps = -1;
  private double peakTflops = 989;
  private Optional<Path> json = Optional.empty();
  private long seed = 1;
  private boolean profile;

  OptionParser(String[] arguments) {
    this.arguments = arguments.clone();
  }

  BenchOptions parse() {
    for (int i = 0; i < arguments.length; i++) {
      if (arguments[i].equals("--profile")) {
        profile = true;
      } else {
        take(arguments[i], i + 1 < arguments.length ? arguments[i + 1] : "");
        i++;
      }
    }
    if (profile) {
      families = new LinkedHashSet<>(families);
      families.add(Benchmarks.PROFILE);
    }
    return new BenchOptions(
        backend, device, threads, sizes, families, training, warmup, steps, peakTflops, json, seed);
  }

  private void take(String option, String value) {
    if (value.isEmpty()) {
      throw invalid("option", option, "one of those below, with a value");
    }
    switch (option) {
      case "--backend" -> backend = value;
      case "--device" -> device = number(option, value, 0);
      case "--threads" -> threads = number(option, value, 1);
      case "--sizes" -> sizes = Optional.of(Sizes.of(value).name());
      case "--only" -> families = families(value);
      case "--train" -> training = TrainCase.parseAll(value);
      case "--warmup" -> warmup = number(option, value, 2);
      case "--steps" -> steps = number(option, value, 1);
      case "--peak" -> peakTflops = positive(option, value);
      case "--json" -> json = Optional.of(Path.of(value));
      case "--seed" -> seed = number(option, value, 0);
      default -> throw invalid("option", option, "one of those below");
    }
  }

  private static Set<String> families(String value) {
    Set<String> named = new LinkedHashSet<>(List.of(value.split(",", -1)));
    for (String family : named) {
      if (!Benchmarks.names().contains(family)) {
        throw invalid("family", family, String.join(", ", Benchmarks.names()));
      }
    }
    return named;
  }

  private static int number(String option, String value, int least) {
    if (!value.matches("\\d{1,9}") || Integer.parseInt(value) < least) {
      throw invalid(option, value, "a whole number of " + least + " or more");
    }
    return Integer.parseInt(value);
  }

  private static double positive(String option, String value) {
    if (!value.matches("\\d{1,9}(\\.\\d+)?") || Double.parseDouble(value) == 0) {
      throw invalid(option, value, "a number above 0");
    }
    return Double.parseDouble(value);
  }

  private static IllegalArgumentException invalid(String what, String value, String expected) {
    return new IllegalArgumentException(
        "Invalid %s: %s (expected %s)%n%s".formatted(what, value, expected, BenchOptions.USAGE));
  }
}
