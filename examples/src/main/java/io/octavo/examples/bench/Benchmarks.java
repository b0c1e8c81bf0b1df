package io.octavo.examples.bench;

import io.octavo.kernel.Backend;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** The families and the order in which they are measured. */
public final class Benchmarks {

  static final String PROFILE = "profile";

  private Benchmarks() {}

  private static Map<String, Consumer<Setting>> all() {
    Map<String, Consumer<Setting>> all = new LinkedHashMap<>();
    all.put("launch", LaunchBenchmark::measure);
    all.put("cast", CastBenchmark::measure);
    all.put("norm", NormBenchmark::measure);
    all.put("activation", ActivationBenchmark::measure);
    all.put("casting", CastingBenchmark::measure);
    all.put("rotary", RotaryBenchmark::measure);
    all.put("loss", LossBenchmark::measure);
    all.put("embedding", EmbeddingBenchmark::measure);
    all.put("gemm", GemmBenchmark::measure);
    all.put("cast-gemm", CastGemmBenchmark::measure);
    all.put("attention", AttentionBenchmark::measure);
    all.put("optimizer", OptimizerBenchmark::measure);
    all.put("train", TrainBenchmark::measure);
    all.put(PROFILE, ProfileBenchmark::measure);
    return all;
  }

  /** Names by which families are chosen. */
  static List<String> names() {
    return List.of(
        "copy",
        "launch",
        "cast",
        "norm",
        "activation",
        "casting",
        "rotary",
        "loss",
        "embedding",
        "gemm",
        "cast-gemm",
        "attention",
        "optimizer",
        "train",
        PROFILE);
  }

  /** Measures the families chosen by {@code options}; what fails is a row of the report. */
  public static void measure(Backend backend, BenchOptions options, Report report) {
    Sizes sizes = options.sizesOn(backend.name());
    describe(backend, options, sizes, report);
    Draws draws = new Draws(options.seed());
    Clock clock = new Clock(backend);
    double copyRate = CopyBenchmark.measure(backend, draws, sizes, report, clock);
    Setting setting = new Setting(backend, options, sizes, draws, report, clock, copyRate);
    all()
        .forEach(
            (name, family) -> {
              if (options.families().contains(name)) {
                attempt(name, family, setting);
              }
            });
  }

  private static void attempt(String name, Consumer<Setting> family, Setting setting) {
    try {
      family.accept(setting);
    } catch (RuntimeException e) {
      // What comes before a measurement failed: memory, or a kernel that prepares it.
      setting.report().failed(name, "preparation", "", e);
    }
  }

  private static void describe(Backend backend, BenchOptions options, Sizes sizes, Report report) {
    report.add(
        "run",
        backend.name(),
        sizes.name(),
        new Numbers()
            .with("java", Runtime.version().toString())
            .with("seed", options.seed())
            .with("peak_tflop_per_s", options.peakTflops())
            .with("device", backend.description()));
  }
}
