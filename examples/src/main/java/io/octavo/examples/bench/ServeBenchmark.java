package io.octavo.examples.bench;

import io.octavo.kernel.BackendChoice;
import io.octavo.kernel.Backends;
import io.octavo.kernel.Placement;
import io.octavo.layout.HuggingFaceFiles;
import io.octavo.layout.PublishedLayout;
import io.octavo.ptq.LayerMethod;
import io.octavo.ptq.ModelQuantizer;
import io.octavo.ptq.QuantizationMethod;
import io.octavo.ptq.QuantizationPlan;
import io.octavo.ptq.ScaleConstraint;
import io.octavo.serve.EngineConfig;
import io.octavo.serve.Generation;
import io.octavo.serve.GenerationRequest;
import io.octavo.serve.ServedModel;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;

/** Continues random prompts greedily; prompts are read within the time that is measured. */
public final class ServeBenchmark {

  private static final long CACHE_BYTES = 4L << 30;
  private static final int PREFILL_CHUNK = 256;
  private static final Configuration HADOOP = new Configuration(false);

  private final ServeOptions options;
  private final Report report;
  private final Random random = new Random(1);

  private ServeBenchmark(ServeOptions options, Report report) {
    this.options = options;
    this.report = report;
  }

  /** Measures every scheme with every number of requests. */
  public static void measure(ServeOptions options, Report report, PrintStream out)
      throws IOException {
    BackendChoice choice = Backends.installed().chooseOrBest(options.backend());
    out.println(choice.explanation());
    if (options.random().isPresent()) {
      RandomModel.write(options.model(), options.random().get());
    }
    for (String scheme : options.schemes()) {
      new ServeBenchmark(options, report).measure(scheme, choice);
    }
  }

  private void measure(String scheme, BackendChoice choice) throws IOException {
    if (scheme.equals("none")) {
      serve(options.model(), scheme, choice);
      return;
    }
    Path quantized = Files.createTempDirectory("octavo-serve");
    try {
      LayerMethod method = new LayerMethod(scheme, new ScaleConstraint.Free());
      ModelQuantizer.run(
          hadoop(options.model()),
          hadoop(quantized),
          HADOOP,
          QuantizationPlan.of(method).with("lm_head", method),
          QuantizationMethod.ROUND_TO_NEAREST,
          scheme.equals("fp8-block") ? PublishedLayout.FP8 : PublishedLayout.COMPRESSED_TENSORS);
      serve(quantized, scheme, choice);
    } finally {
      org.apache.hadoop.fs.FileUtil.fullyDelete(quantized.toFile());
    }
  }

  private static org.apache.hadoop.fs.Path hadoop(Path path) {
    return new org.apache.hadoop.fs.Path(path.toAbsolutePath().toUri());
  }

  private void serve(Path directory, String scheme, BackendChoice choice) {
    int most = options.rows().stream().mapToInt(Integer::intValue).max().orElse(1);
    EngineConfig engine =
        new EngineConfig(CACHE_BYTES, options.cache(), most, PREFILL_CHUNK, 2 * most);
    try (HuggingFaceFiles files = HuggingFaceFiles.open(hadoop(directory), HADOOP);
        ServedModel model =
            ServedModel.load(files, engine, choice.open(Placement.ofThreads(options.threads())))) {
      double alone = 0;
      for (int rows : options.rows()) {
        long warmUntil = System.nanoTime() + options.warmup() * 1_000_000_000L;
        while (System.nanoTime() - warmUntil < 0) {
          tokensPerSecond(model, rows);
        }
        double[] samples = new double[options.samples()];
        for (int i = 0; i < samples.length; i++) {
          samples[i] = tokensPerSecond(model, rows);
        }
        double speed = Clock.median(samples);
        alone = alone == 0 ? speed / rows : alone;
        report.add(
            "generate",
            options.model().getFileName() + " " + scheme + " " + options.cache(),
            "%d x (%d + %d)".formatted(rows, options.prompt(), options.tokens()),
            new Numbers()
                .with("tokens/s", speed)
                .with("ms a step", 1e3 * rows / speed)
                .with("times first", speed / alone)
                .with("MiB", model.bytes() / (double) (1 << 20)));
      }
    }
  }

  /** New tokens a second, from giving the requests to the last answer. */
  private double tokensPerSecond(ServedModel model, int rows) {
    List<GenerationRequest> requests =
        IntStream.range(0, rows).mapToObj(row -> request(model.config().vocabulary())).toList();
    long begin = System.nanoTime();
    List<CompletableFuture<Generation>> futures = requests.stream().map(model::generate).toList();
    long tokens = futures.stream().mapToLong(future -> future.join().tokens().size()).sum();
    return tokens * 1e9 / (System.nanoTime() - begin);
  }

  private GenerationRequest request(int vocabulary) {
    int[] prompt = random.ints(options.prompt(), 0, vocabulary - 1).toArray();
    return GenerationRequest.greedy(prompt, options.tokens());
  }
}
