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
                      [--steps 120] [--batch 16] [--length 256] [--learning-rate 0.003] [--prompt TEXT]""";

  static PretrainOptions parse(String[] arguments) {
    List<String> text = new ArrayList<>();
    String output = Path.of("octavo-model").toAbsolutePath().toString();
    String model = "byte-tiny";
    List<Run> runs = List.of(new Run("bf16", "fp32"), new Run("fp8", "fp8"));
    int steps = 120;
    int batch = 16;
    int length = 256;
    double learningRate = 3e-3;
    String prompt = "  private def ";
    for (int i = 0; i < arguments.length; i += 2) {
      String value = valueOf(arguments, i);
      switch (arguments[i]) {
        case "--text" -> text.addAll(List.of(value.split(",")));
        case "--output" -> output = value;
        case "--model" -> model = value;
        case "--runs" -> runs = Stream.of(value.split(",")).map(Run::parse).toList();
        case "--steps" -> steps = Integer.parseInt(value);
        case "--batch" -> batch = Integer.parseInt(value);
        case "--length" -> length = Integer.parseInt(value);
        case "--learning-rate" -> learningRate = Double.parseDouble(value);
        case "--prompt" -> prompt = value;
        default -> throw new IllegalArgumentException(unknown(arguments[i]));
      }
    }
    if (text.isEmpty()) {
      throw new IllegalArgumentException("Cannot train without text: give --text\n" + USAGE);
    }
    return new PretrainOptions(
        text, output, model, runs, steps, batch, length, learningRate, prompt);
  }

  private static String valueOf(String[] arguments, int option) {
    if (option + 1 >= arguments.length) {
      throw new IllegalArgumentException(
          "Invalid option: %s has no value%n%s".formatted(arguments[option], USAGE));
    }
    return arguments[option + 1];
  }

  private static String unknown(String option) {
    return "Invalid option: %s%n%s".formatted(option, USAGE);
  }
}
