package io.octavo.examples.bench;

import io.octavo.kernel.CacheFormat;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Which model is served, and how.
 *
 * @param model Hugging Face directory
 * @param random shape of a random model that is written to {@code model} first
 * @param schemes of linear layers, the output head among them
 * @param cache format of keys and values
 * @param rows how many requests are given at once, case by case
 * @param prompt tokens of a request
 * @param tokens that are added to it
 * @param warmup seconds before a case is measured
 * @param samples of each case, of which the median counts
 * @param backend name, or {@code auto} for the best there is
 * @param threads of the host
 * @param json file of the report's lines
 */
public record ServeOptions(
    Path model,
    Optional<int[]> random,
    List<String> schemes,
    CacheFormat cache,
    List<Integer> rows,
    int prompt,
    int tokens,
    int warmup,
    int samples,
    String backend,
    int threads,
    Optional<Path> json) {

  /** All options. */
  public static final String USAGE =
      """
      usage: ServeBench --model DIRECTORY [OPTION VALUE]...
        --model DIRECTORY       a Hugging Face directory; with --random it is written
        --random CxLxHxFxV      write a random model of hidden size C, L layers, H heads, feed-forward
                                width F and vocabulary V, such as 768x12x12x2048x32000
        --weights SCHEME,...    of linear layers and head: none, int8-row, fp8-row, w4a8-int4-32 ... (none)
        --cache fp16|fp8|int4   keys and values (fp16)
        --rows N,...            requests at once, case by case (1,64)
        --prompt N              tokens of a request (8)
        --tokens N              that are added (256)
        --warmup N              seconds before each case (3)
        --samples N             of each case (3)
        --backend auto|cuda|cpu what serves (auto)
        --threads N             host threads (all processors)
        --json FILE             also write one JSON object a line""";

  private static final int RANDOM_SIZES = 5;

  public ServeOptions {
    schemes = List.copyOf(schemes);
    rows = List.copyOf(rows);
  }

  /**
   * Reads a command line.
   *
   * @throws IllegalArgumentException with the usage where it cannot
   */
  public static ServeOptions parse(String... arguments) {
    OptionMap given = new OptionMap(arguments, USAGE);
    ServeOptions options =
        new ServeOptions(
            Path.of(given.required("--model")),
            given.text("--random").map(value -> given.numbers("--random", value, "x")),
            List.of(given.text("--weights").orElse("none").split(",")),
            CacheFormat.valueOf(given.text("--cache").orElse("fp16").toUpperCase(Locale.ROOT)),
            Arrays.stream(given.numbers("--rows", given.text("--rows").orElse("1,64"), ","))
                .boxed()
                .toList(),
            given.number("--prompt", 8),
            given.number("--tokens", 256),
            given.count("--warmup", 3),
            given.number("--samples", 3),
            given.text("--backend").orElse("auto"),
            given.number("--threads", Runtime.getRuntime().availableProcessors()),
            given.text("--json").map(Path::of));
    given.requireAllRead();
    if (options.random.isPresent() && options.random.get().length != RANDOM_SIZES) {
      throw given.invalid("--random", "not five numbers");
    }
    return options;
  }
}
