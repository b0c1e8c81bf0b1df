package io.octavo.examples.bench;

import io.octavo.format.ElementFormat;
import io.octavo.format.IntegerFormat;
import io.octavo.kernel.Backend;
import io.octavo.kernel.Backends;
import io.octavo.kernel.CacheFormat;
import io.octavo.kernel.LinearKernels;
import io.octavo.kernel.PackedWeight;
import io.octavo.kernel.Placement;
import io.octavo.model.AttentionVariant;
import io.octavo.model.ModelConfig;
import io.octavo.model.Projection;
import io.octavo.model.RopeScaling;
import io.octavo.quant.Granularity;
import io.octavo.quant.Recipe;
import io.octavo.quant.WeightScheme;
import io.octavo.serve.EngineConfig;
import io.octavo.serve.Generation;
import io.octavo.serve.GenerationRequest;
import io.octavo.serve.ServedModel;
import io.octavo.tensor.Buffer;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import java.io.PrintStream;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Serves a random Llama of 1.1 billion parameters whose linear layers are quantized. */
public final class DeviceServing {

  private static final ModelConfig MODEL =
      new ModelConfig(
          32_000,
          2048,
          5632,
          22,
          32,
          4,
          64,
          4096,
          1e-5f,
          10_000,
          new RopeScaling.Default(),
          false,
          false,
          false,
          0.02f,
          AttentionVariant.NONE);

  private static final int MOST_ROWS = 256;
  private static final int PROMPT = 16;
  private static final int TOKENS = 240;
  private static final int LONG_PROMPT = 2048;
  private static final int CHUNK = 2048;
  private static final int SAMPLES = 3;
  private static final int COPIED_BYTES = 512 << 20;

  private final PrintStream out;
  private final SplittableRandom random = new SplittableRandom(1);

  private DeviceServing(PrintStream out) {
    this.out = out;
  }

  /** Measures and prints. */
  public static void measure(String backend, String scheme, PrintStream out) {
    new DeviceServing(out).measure(backend, scheme(scheme));
  }

  /** Measures linear layers alone, and prints. */
  public static void measureProducts(String backend, PrintStream out) {
    try (Backend device = open(backend)) {
      out.println(device.description());
      ServedProducts.measure(device, out);
    }
  }

  private static Backend open(String name) {
    return Backends.installed().chooseOrBest(name).open(Placement.of(1, 0));
  }

  private static WeightScheme scheme(String name) {
    return switch (name) {
      case "fp8" -> WeightScheme.fp8(new Granularity.PerRow());
      case "int4" -> WeightScheme.w4a8(new IntegerFormat(4), 128);
      case "e2m1" -> WeightScheme.w4a8(ElementFormat.E2M1, 128);
      default ->
          throw new IllegalArgumentException(
              "Invalid scheme: %s (expected fp8, int4, e2m1)".formatted(name));
    };
  }

  private void measure(String name, WeightScheme scheme) {
    Backend backend = open(name);
    out.println(backend.description());
    double bandwidth = bandwidth(backend);
    double rate = productRate(backend, scheme);
    EngineConfig engine = new EngineConfig(16L << 30, CacheFormat.FP8, MOST_ROWS, CHUNK, 1024);
    try (ServedModel model = ServedModel.load(new RandomCodes(MODEL, scheme), engine, backend)) {
      requireIndependence(model);
      double weights = linearBytes(scheme);
      double alone = best(() -> generate(model, 1));
      out.printf(
          "one stream: %.0f tokens/s, %.3f ms a token; %.2f GB of weights: %.0f %% of %.2f TB/s%n",
          alone, 1e3 / alone, weights / 1e9, 100 * alone * weights / bandwidth, bandwidth / 1e12);
      for (int rows : new int[] {8, 32, 64, 128, MOST_ROWS}) {
        double many = best(() -> generate(model, rows));
        out.printf("%d rows: %.0f tokens/s, %.1f times one stream%n", rows, many, many / alone);
      }
      double read = best(() -> prefill(model));
      double products = 2.0 * (linearElements() - (double) MODEL.vocabulary() * MODEL.hidden());
      out.printf(
          "prompts of %d: %.0f tokens/s, %.0f TFLOPS in products, %.0f %% of their rate alone, %.0f%n",
          LONG_PROMPT, read, read * products / 1e12, 100 * read * products / rate, rate / 1e12);
    }
  }

  private static double best(Supplier<Double> measurement) {
    // The first captures what the others replay.
    return Stream.generate(measurement).limit(1 + SAMPLES).mapToDouble(x -> x).max().orElseThrow();
  }

  /** Bytes a second of adding one tensor to another: two are read, one is written. */
  private static double bandwidth(Backend backend) {
    DataType type = backend.activationType(Recipe.of("bf16"));
    int elements = COPIED_BYTES / type.bytes();
    int runs = 20;
    try (Buffer from = backend.allocate(COPIED_BYTES);
        Buffer to = backend.allocate(COPIED_BYTES)) {
      Tensor source = new Tensor(Shape.of(elements), from.window(type, 0, elements));
      Tensor target = new Tensor(Shape.of(elements), to.window(type, 0, elements));
      backend.activation().add(source, target);
      backend.synchronize();
      long begin = System.nanoTime();
      for (int i = 0; i < runs; i++) {
        backend.activation().add(source, target);
      }
      backend.synchronize();
      return runs * 3.0 * COPIED_BYTES * 1e9 / (System.nanoTime() - begin);
    }
  }

  /**
   * Operations a second of a layer's products of a chunk of prompts, casts of its rows included.
   */
  private static double productRate(Backend backend, WeightScheme scheme) {
    RandomCodes files = new RandomCodes(MODEL, scheme);
    LinearKernels linear = backend.linear();
    DataType type = backend.activationType(Recipe.of("bf16"));
    int runs = 20;
    double seconds = 0;
    double operations = 0;
    for (Projection projection : Projection.values()) {
      try (PackedWeight weight = linear.pack(files.linear(projection.weights(0)));
          Buffer x = backend.allocate(weight.shape().extent(1) * CHUNK * type.bytes());
          Buffer y = backend.allocate(weight.shape().extent(0) * CHUNK * type.bytes());
          Buffer work =
              backend.allocate(
                  linear.workspaceElements(weight.shape(), scheme, CHUNK) * Float.BYTES)) {
        Tensor in = matrix(x, type, weight.shape().extent(1));
        Tensor result = matrix(y, type, weight.shape().extent(0));
        long numbers = work.bytes() / Float.BYTES;
        Tensor workspace = new Tensor(Shape.of(numbers), work.window(DataType.F32, 0, numbers));
        linear.apply(weight, in, result, workspace);
        backend.synchronize();
        long begin = System.nanoTime();
        for (int i = 0; i < runs; i++) {
          linear.apply(weight, in, result, workspace);
        }
        backend.synchronize();
        seconds += (System.nanoTime() - begin) / 1e9;
        operations += 2.0 * runs * CHUNK * weight.shape().elements();
      }
    }
    return operations / seconds;
  }

  private static Tensor matrix(Buffer buffer, DataType type, long columns) {
    return new Tensor(Shape.of(CHUNK, columns), buffer.window(type, 0, CHUNK * columns));
  }

  private static double linearElements() {
    double layer =
        (double) MODEL.hidden() * (2 * MODEL.queryWidth() + 2 * MODEL.keyValueWidth())
            + 3.0 * MODEL.hidden() * MODEL.feedForward();
    return MODEL.layers() * layer + (double) MODEL.vocabulary() * MODEL.hidden();
  }

  private static double linearBytes(WeightScheme scheme) {
    return linearElements() * scheme.weight().orElseThrow().element().bits() / 8;
  }

  private int[] prompt(int tokens) {
    return random.ints(tokens, 0, MODEL.vocabulary()).toArray();
  }

  private double generate(ServedModel model, int rows) {
    List<GenerationRequest> requests =
        IntStream.range(0, rows)
            .mapToObj(row -> GenerationRequest.greedy(prompt(PROMPT), TOKENS))
            .toList();
    long begin = System.nanoTime();
    long tokens = join(requests.stream().map(model::generate).toList());
    return tokens * 1e9 / (System.nanoTime() - begin);
  }

  private static long join(List<CompletableFuture<Generation>> futures) {
    return futures.stream().mapToLong(future -> future.join().tokens().size()).sum();
  }

  private double prefill(ServedModel model) {
    int prompts = 8;
    List<GenerationRequest> requests =
        IntStream.range(0, prompts)
            .mapToObj(row -> GenerationRequest.greedy(prompt(LONG_PROMPT), 1))
            .toList();
    long begin = System.nanoTime();
    join(requests.stream().map(model::generate).toList());
    return (double) prompts * LONG_PROMPT * 1e9 / (System.nanoTime() - begin);
  }

  /** Speed is worth nothing where results depend on the rows beside. */
  private void requireIndependence(ServedModel model) {
    List<GenerationRequest> requests =
        IntStream.range(0, 70)
            .mapToObj(
                row ->
                    new GenerationRequest(
                        prompt(3 + 5 * row), 12, row % 2 * 0.8f, 0.9f, row, List.of()))
            .toList();
    List<CompletableFuture<Generation>> together = requests.stream().map(model::generate).toList();
    List<Generation> expected = together.stream().map(CompletableFuture::join).toList();
    for (int i = 0; i < requests.size(); i += 9) {
      Generation alone = model.generate(requests.get(i)).join();
      if (!alone.tokens().equals(expected.get(i).tokens())) {
        throw new IllegalStateException(
            "Cannot trust measurements: request %d gives %s alone and %s beside others"
                .formatted(i, alone.tokens(), expected.get(i).tokens()));
      }
    }
    out.println("requests give the same tokens alone and beside others");
  }
}
