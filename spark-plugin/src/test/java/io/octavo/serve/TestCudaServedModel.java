package io.octavo.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.octavo.cpu.CpuBackend;
import io.octavo.cuda.CudaBackend;
import io.octavo.format.ElementFormat;
import io.octavo.format.IntegerFormat;
import io.octavo.kernel.Backend;
import io.octavo.kernel.CacheFormat;
import io.octavo.kernel.Gpu;
import io.octavo.model.AttentionVariant;
import io.octavo.model.ModelConfig;
import io.octavo.model.RopeScaling;
import io.octavo.quant.Granularity;
import io.octavo.quant.WeightScheme;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The engine on a GPU: the CPU's results to the rounding of BF16, steps replayed or not. */
@Gpu
class TestCudaServedModel {

  private static final int CONTEXT = 400;

  /** A model as it is served. */
  record Case(
      String name, ModelConfig config, WeightScheme scheme, WeightScheme head, CacheFormat cache) {

    Case(String name, ModelConfig config, WeightScheme scheme, CacheFormat cache) {
      this(name, config, scheme, WeightScheme.dense(), cache);
    }

    ServedModel open(Backend backend) {
      EngineConfig engine = new EngineConfig(64L << 20, cache, 40, 48, 200);
      try (QuantizingFiles files = new QuantizingFiles(new RandomFiles(config), scheme, head)) {
        return ServedModel.load(files, engine, backend);
      }
    }

    /** Codes of activations that BF16 and FP32 fall on different sides of add to differences. */
    double looseness() {
      return scheme.weight().isPresent() ? 10 : 1;
    }

    @Override
    public String toString() {
      return name + " " + cache;
    }
  }

  private static ModelConfig config(
      int heads, int keyValueHeads, int headSize, AttentionVariant variant) {
    return new ModelConfig(
        260,
        200,
        424,
        3,
        heads,
        keyValueHeads,
        headSize,
        CONTEXT,
        1e-5f,
        10_000,
        new RopeScaling.Default(),
        false,
        false,
        false,
        0.02f,
        variant);
  }

  static Stream<Case> models() {
    ModelConfig llama = config(8, 2, 64, AttentionVariant.NONE);
    ModelConfig qwen3 = config(3, 3, 32, new AttentionVariant(false, true, 0, Set.of()));
    ModelConfig windowed = config(4, 1, 48, new AttentionVariant(false, true, 37, Set.of(1)));
    WeightScheme fp8 = WeightScheme.fp8(new Granularity.PerRow());
    ModelConfig wide = config(2, 2, 128, AttentionVariant.NONE);
    ModelConfig wideWindow = config(3, 1, 128, new AttentionVariant(false, false, 70, Set.of(2)));
    return Stream.of(
        new Case("wide fp8", wide, fp8, fp8, CacheFormat.INT4),
        new Case("wide fp8 with a window", wideWindow, fp8, CacheFormat.FP16),
        new Case("llama fp8 all", llama, fp8, fp8, CacheFormat.FP16),
        new Case("llama fp8", llama, fp8, CacheFormat.FP8),
        new Case("llama int8", llama, WeightScheme.int8(), CacheFormat.FP16),
        new Case(
            "llama int4", llama, WeightScheme.w4a8(new IntegerFormat(4), 64), CacheFormat.INT4),
        new Case("qwen3 dense", qwen3, WeightScheme.dense(), CacheFormat.FP16),
        new Case("qwen3 fp8", qwen3, fp8, CacheFormat.INT4),
        new Case("qwen3 e2m1", qwen3, WeightScheme.w4a8(ElementFormat.E2M1, 32), CacheFormat.FP8),
        new Case("windowed fp8", windowed, fp8, CacheFormat.FP8));
  }

  private static int[] tokens(int count, int seed) {
    return IntStream.range(0, count).map(i -> (i * i * 7 + (seed + 3) * i + 5) % 257).toArray();
  }

  @ParameterizedTest
  @MethodSource("models")
  void readsAsTheCpuDoes(Case served) {
    try (ServedModel device = served.open(CudaBackend.open(0));
        ServedModel host = served.open(new CpuBackend(8))) {
      for (int length : new int[] {1, 17, 49, 333}) {
        int[] text = tokens(length, length);
        float[] expected = host.embed(text).join();
        float[] actual = device.embed(text).join();
        assertThat(relativeError(actual, expected))
            .as("of %d tokens", length)
            .isLessThan(0.03 * served.looseness());
        double loss = host.score(text).join().negativeLogLikelihood();
        assertThat(device.score(text).join().negativeLogLikelihood())
            .isCloseTo(loss, within(served.looseness() * (0.1 + 0.005 * loss)));
      }
    }
  }

  private static double relativeError(float[] actual, float[] expected) {
    double difference = 0;
    double size = 0;
    for (int i = 0; i < expected.length; i++) {
      difference += Math.pow(actual[i] - expected[i], 2);
      size += Math.pow(expected[i], 2);
    }
    return Math.sqrt(difference / size);
  }

  @ParameterizedTest
  @MethodSource("models")
  void continuesWithWhatTheCpuFindsMostProbable(Case served) {
    try (ServedModel device = served.open(CudaBackend.open(0));
        ServedModel host = served.open(new CpuBackend(8))) {
      int[] prompt = tokens(21, 4);
      int[] text = join(prompt, greedy(device, prompt, 60));
      List<CompletableFuture<Generation>> expected =
          IntStream.range(prompt.length, text.length)
              .mapToObj(at -> GenerationRequest.greedy(Arrays.copyOf(text, at), 1))
              .map(host::generate)
              .toList();
      for (int i = 0; i < expected.size(); i++) {
        int[] drawn = Arrays.copyOf(text, prompt.length + i + 1);
        int[] best = drawn.clone();
        best[best.length - 1] = expected.get(i).join().tokens().get(0);
        if (!Arrays.equals(drawn, best)) {
          double loss = host.score(drawn).join().negativeLogLikelihood();
          double least = host.score(best).join().negativeLogLikelihood();
          assertThat(loss - least).as("token %d", i).isLessThan(0.15 * served.looseness());
        }
      }
    }
  }

  private static int[] greedy(ServedModel model, int[] prompt, int count) {
    return model.generate(GenerationRequest.greedy(prompt, count)).join().tokens().stream()
        .mapToInt(Integer::intValue)
        .toArray();
  }

  private static int[] join(int[] first, int[] second) {
    int[] all = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, all, first.length, second.length);
    return all;
  }

  @ParameterizedTest
  @MethodSource("models")
  void givesARequestTheSameAloneBesideOthersAndAgain(Case served) {
    List<GenerationRequest> requests = new ArrayList<>();
    for (int i = 0; i < 37; i++) {
      float temperature = i % 3 * 0.7f;
      requests.add(
          new GenerationRequest(
              tokens(3 + 5 * i, i), 9 + i % 7, temperature, i % 2 == 0 ? 1 : 0.8f, i, List.of()));
    }
    try (ServedModel model = served.open(CudaBackend.open(0))) {
      List<CompletableFuture<Generation>> futures = requests.stream().map(model::generate).toList();
      List<Generation> together = futures.stream().map(CompletableFuture::join).toList();
      for (int i = requests.size() - 1; i >= 0; i -= 4) {
        for (int again = 0; again < 3; again++) {
          assertThat(model.generate(requests.get(i)).join()).isEqualTo(together.get(i));
        }
      }
    }
  }

  /** Prompts are read by other kernels than tokens that follow one another, which are replayed. */
  @ParameterizedTest
  @MethodSource("models")
  void continuesItsOwnTextAsBefore(Case served) {
    try (ServedModel model = served.open(CudaBackend.open(0))) {
      int[] prompt = tokens(30, 8);
      int[] text = join(prompt, greedy(model, prompt, 300));
      for (int at : new int[] {31, 45, 128, 129, 260}) {
        int[] rest = greedy(model, Arrays.copyOf(text, at), 330 - at);
        assertThat(rest).isEqualTo(Arrays.copyOfRange(text, at, text.length));
      }
    }
  }
}
