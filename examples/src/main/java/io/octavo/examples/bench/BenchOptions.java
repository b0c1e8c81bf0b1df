package io.octavo.examples.bench;

import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What is measured, and on what.
 *
 * @param backend name, or {@code auto} for the best there is
 * @param device number among the accelerators of the process
 * @param threads of the host
 * @param chosenSizes by option; empty for those that suit the backend
 * @param families that are measured
 * @param training cases by option; empty for those of the sizes
 * @param warmup training steps that do not count; -1 for those of the sizes
 * @param steps training steps that count; -1 for those of the sizes
 * @param peakTflops what MFU is measured against
 * @param json file of the report's lines
 * @param seed of all random numbers
 */
public record BenchOptions(
    String backend,
    int device,
    int threads,
    Optional<String> chosenSizes,
    Set<String> families,
    List<TrainCase> training,
    int warmup,
    int steps,
    double peakTflops,
    Optional<Path> json,
    long seed) {

  /** All options. */
  public static final String USAGE =
      """
      usage: Bench [OPTION VALUE]... [--profile]
        --backend auto|cuda|cpu   device to measure; auto takes the best there is (auto)
        --device N                which of several accelerators (0)
        --threads N               host threads (all processors)
        --sizes large|small|tiny  how much is measured (large on cuda, small elsewhere)
        --only FAMILY,...         what is measured, of %s (all but profile)
        --train CASE,...          training steps, each MODEL:RECIPE:BATCHxLENGTH[:MOMENTS]
                                  such as b1:coat:8x2048 or m124:bf16:64x1024:fp8; moments are
                                  fp32, bf16 or fp8 (fp8 for coat, else fp32); models are presets
                                  (large: m124 m350 b1 b7 with bf16 tensorwise coat deepseek rowwise)
        --warmup N                training steps before those that count, at least 2: the first runs
                                  eagerly, the second is captured (5 of large, 2 of others)
        --steps N                 training steps that count (10 of large, 3 of small, 1 of tiny)
        --profile                 also time each kernel within a training step, run eagerly
        --peak TFLOPS             what MFU is measured against (989: BF16, dense, H100 and H200)
        --json FILE               also write one JSON object a line
        --seed N                  of weights, tokens and all other numbers (1)
        --help                    print this
      Copies are always measured: bandwidths are compared with theirs."""
          .formatted(String.join(",", Benchmarks.names()));

  public BenchOptions {
    families = Set.copyOf(families);
    training = List.copyOf(training);
  }

  /**
   * Reads a command line.
   *
   * @throws IllegalArgumentException with the usage where it cannot
   */
  public static BenchOptions parse(String... arguments) {
    return new OptionParser(arguments).parse();
  }

  /** Sizes as chosen, or those that suit the backend that was taken. */
  Sizes sizesOn(String openedBackend) {
    return chosenSizes.map(Sizes::of).orElseGet(() -> Sizes.suiting(openedBackend));
  }

  /** Families when none is named: all but the profile, which takes whole steps once more. */
  static Set<String> usualFamilies() {
    Set<String> families = new LinkedHashSet<>(Benchmarks.names());
    families.remove(Benchmarks.PROFILE);
    return families;
  }
}
