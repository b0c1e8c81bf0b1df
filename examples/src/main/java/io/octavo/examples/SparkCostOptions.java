package io.octavo.examples;

/**
 * What steps to compare inside and outside Spark.
 *
 * @param backend name of the device that computes
 * @param model preset name
 * @param precision recipe of the linear layers
 * @param batch sequences a step
 * @param length tokens a sequence
 * @param steps of every run; the second half is measured
 * @param repetitions runs in an executor; one more in the plain JVM, around each
 */
record SparkCostOptions(
    String backend,
    String model,
    String precision,
    int batch,
    int length,
    int steps,
    int repetitions) {

  private static final String USAGE =
      """
      usage: SparkCost [--backend cpu] [--model byte-tiny] [--precision bf16] [--batch 8] [--length 256]
                       [--steps 40] [--repetitions 1]""";

  static SparkCostOptions parse(String[] arguments) {
    String backend = "cpu";
    String model = "byte-tiny";
    String precision = "bf16";
    int batch = 8;
    int length = 256;
    int steps = 40;
    int repetitions = 1;
    for (int i = 0; i < arguments.length; i += 2) {
      String value = valueOf(arguments, i);
      switch (arguments[i]) {
        case "--backend" -> backend = value;
        case "--model" -> model = value;
        case "--precision" -> precision = value;
        case "--batch" -> batch = number(arguments[i], value);
        case "--length" -> length = number(arguments[i], value);
        case "--steps" -> steps = number(arguments[i], value);
        case "--repetitions" -> repetitions = number(arguments[i], value);
        default ->
            throw new IllegalArgumentException(
                "Invalid option: %s%n%s".formatted(arguments[i], USAGE));
      }
    }
    return new SparkCostOptions(backend, model, precision, batch, length, steps, repetitions);
  }

  private static String valueOf(String[] arguments, int option) {
    if (option + 1 >= arguments.length) {
      throw new IllegalArgumentException(
          "Invalid option: %s has no value%n%s".formatted(arguments[option], USAGE));
    }
    return arguments[option + 1];
  }

  private static int number(String option, String value) {
    try {
      int number = Integer.parseInt(value);
      if (number > 0) {
        return number;
      }
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(invalid(option, value), e);
    }
    throw new IllegalArgumentException(invalid(option, value));
  }

  private static String invalid(String option, String value) {
    return "Invalid %s: %s (expected a whole number above 0)%n%s".formatted(option, value, USAGE);
  }
}
