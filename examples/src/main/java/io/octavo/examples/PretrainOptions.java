package io.octavo.examples;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What the main job was asked to do.
 *
 * @param text files or directories of text, any path Spark can read
 * @param output directory of the trained model
 * @param model preset name or Hugging Face directory
 * @param runs what to compare: precision and optimizer states of each run
 * @param workers ranks; 0 for one an executor
 * @param steps optimizer steps of each run
 * @param batch sequences a step
 * @param length tokens a sequence
 * @param learningRate peak learning rate
 * @param prompt what the sample continues
 */
record PretrainOptions(
    List<String> text,
    String output,
    String model,
    List<Run> runs,
    int workers,
    int steps,
    int batch,
    int length,
    double learningRate,
    String prompt) {

  /** One training run: {@code precision/optimizerStates}, such as {@code fp8/fp8}. */
  record Run(String precision, String optimizerStates) {

    static Run parse(String text) {
      String[] parts = text.split("/");
      if (parts.length != 2) {
        throw new IllegalArgumentException(
            "Invalid run: %s (expected PRECISION/STATES, such as fp8/fp8)".formatted(text));
      }
      return new Run(parts[0], parts[1]);
    }

    @Override
    public String toString() {
      return precision + "/" + optimizerStates;
    }
  }

  private static final String USAGE =
      """
      usage: Pretrain --text PATH[,PATH...] [--output DIR] [--model byte-tiny] [--runs bf16/fp32,fp8/fp8]
                      [--workers N] [--steps 400] [--batch 8] [--length 128] [--learning-rate 0.002] [--prompt TEXT]""";

  static PretrainOptions parse(String[] arguments) {
    List<String> text = new ArrayList<>();
    String output = Path.of("octavo-model").toAbsolutePath().toString();
    String model = "byte-tiny";
    List<Run> runs = List.of(new Run("bf16", "fp32"), new Run("fp8", "fp8"));
    int workers = 0;
    int steps = 400;
    int batch = 8;
    int length = 128;
    double learningRate = 2e-3;
    String prompt = "  private def ";
    for (int i = 0; i < arguments.length; i += 2) {
      String value = valueOf(arguments, i);
      switch (arguments[i]) {
        case "--text" -> text.addAll(List.of(value.split(",")));
        case "--output" -> output = value;
        case "--model" -> model = value;
        case "--runs" -> runs = Stream.of(value.split(",")).map(Run::parse).toList();
        case "--workers" -> workers = (int) number(arguments[i], value);
        case "--steps" -> steps = (int) number(arguments[i], value);
        case "--batch" -> batch = (int) number(arguments[i], value);
        case "--length" -> length = (int) number(arguments[i], value);
        case "--learning-rate" -> learningRate = number(arguments[i], value);
        case "--prompt" -> prompt = value;
        default -> throw new IllegalArgumentException(unknown(arguments[i]));
      }
    }
    if (text.isEmpty()) {
      throw new IllegalArgumentException("Cannot train without text: give --text\n" + USAGE);
    }
    return new PretrainOptions(
        text, output, model, runs, workers, steps, batch, length, learningRate, prompt);
  }

  private static String valueOf(String[] arguments, int option) {
    if (option + 1 >= arguments.length) {
      throw new IllegalArgumentException(
          "Invalid option: %s has no value%n%s".formatted(arguments[option], USAGE));
    }
    return arguments[option + 1];
  }

  private static double number(String option, String value) {
    try {
      return Double.parseDouble(value);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "Invalid %s: %s (expected a number)%n%s".formatted(option, value, USAGE), e);
    }
  }

  private static String unknown(String option) {
    return "Invalid option: %s%n%s".formatted(option, USAGE);
  }
}
