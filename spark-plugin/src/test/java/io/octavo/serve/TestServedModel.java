package io.octavo.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.octavo.cpu.CpuBackend;
import io.octavo.golden.GoldenFiles;
import io.octavo.kernel.CacheFormat;
import io.octavo.layout.HuggingFaceFiles;
import io.octavo.quant.WeightScheme;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A small model that was trained on English text, served. */
class TestServedModel {

  @TempDir static Path directory;

  private static Path wiki;
  private static JsonNode expected;

  @BeforeAll
  static void unpack() throws IOException {
    wiki = GoldenFiles.unpack("wiki-llama.tar.aa", directory);
    expected = new ObjectMapper().readTree(Files.readString(wiki.resolve("eval.json")));
  }

  private static HuggingFaceFiles files() {
    return HuggingFaceFiles.open(
        new org.apache.hadoop.fs.Path(wiki.toUri()), new Configuration(false));
  }

  private static ServedModel open(EngineConfig config) {
    try (HuggingFaceFiles files = files()) {
      return ServedModel.load(files, config, new CpuBackend(2));
    }
  }

  private static ServedModel open(WeightScheme scheme, CacheFormat cache) {
    EngineConfig config = new EngineConfig(64L << 20, cache, 8, 48, 100);
    try (QuantizingFiles files = new QuantizingFiles(files(), scheme, scheme)) {
      return ServedModel.load(files, config, new CpuBackend(2));
    }
  }

  private static int[] ids(String field) {
    return StreamSupport.stream(expected.path(field).spliterator(), false)
        .mapToInt(JsonNode::intValue)
        .toArray();
  }

  @Test
  void continuesAsTheLibraryThatTrainedIt() {
    try (ServedModel model = open(EngineConfig.defaults())) {
      int[] prompt = model.tokenizer().encode(expected.path("prompt").asText());
      int[] all = ids("greedy_ids");

      Generation generation =
          model.generate(GenerationRequest.greedy(prompt, all.length - prompt.length)).join();

      assertThat(prompt).isEqualTo(ids("prompt_ids"));
      assertThat(generation.tokens())
          .isEqualTo(Arrays.stream(all, prompt.length, all.length).boxed().toList());
      assertThat(expected.path("prompt").asText() + generation.text())
          .isEqualTo(expected.path("greedy_text").asText());
      assertThat(generation.reason()).isEqualTo(FinishReason.LENGTH);
      assertThat(generation.promptTokens()).isEqualTo(prompt.length);
    }
  }

  private static List<GenerationRequest> requests(ServedModel model) {
    List<GenerationRequest> requests = new ArrayList<>();
    String text = "The history of the city of London , and of the river that it lies on , is long";
    for (int i = 0; i < 23; i++) {
      int[] prompt = model.tokenizer().encode(text.substring(0, 20 + 2 * i) + " " + i % 5);
      requests.add(
          new GenerationRequest(
              prompt, 5 + i % 7, i % 3 * 0.7f, i % 2 == 0 ? 1 : 0.8f, i, List.of()));
    }
    return requests;
  }

  @ParameterizedTest
  @EnumSource(CacheFormat.class)
  void givesARequestTheSameAloneAndBesideOthers(CacheFormat cache) {
    List<Generation> together;
    try (ServedModel model = open(WeightScheme.int8(), cache)) {
      List<CompletableFuture<Generation>> futures =
          requests(model).stream().map(model::generate).toList();
      together = futures.stream().map(CompletableFuture::join).toList();
    }
    try (ServedModel model = open(WeightScheme.int8(), cache)) {
      List<GenerationRequest> requests = requests(model);
      for (int i = requests.size() - 1; i >= 0; i -= 4) {
        assertThat(model.generate(requests.get(i)).join()).isEqualTo(together.get(i));
      }
    }
  }

  @Test
  void startsBehindThePromptHeadThatItKnows() {
    try (ServedModel model = open(EngineConfig.defaults())) {
      int[] head = IntStream.range(0, 50).map(i -> 300 + 7 * i % 1000).toArray();
      int[] longer = Arrays.copyOf(head, 55);
      Generation first = model.generate(GenerationRequest.greedy(longer, 6)).join();
      assertThat(model.sharedTokens()).isZero();

      Generation again = model.generate(GenerationRequest.greedy(longer, 6)).join();
      assertThat(model.sharedTokens()).isEqualTo(48);
      assertThat(again).isEqualTo(first);

      int[] other = longer.clone();
      other[20] = 7;
      model.generate(GenerationRequest.greedy(other, 6)).join();
      assertThat(model.sharedTokens()).isEqualTo(48 + 16);
    }
  }

  @Test
  void scoresAsTheLibraryThatTrainedIt() throws IOException {
    String text = Files.readString(GoldenFiles.file("text/wikitext2-test.txt"));
    try (ServedModel model = open(EngineConfig.defaults())) {
      int[] tokens = model.tokenizer().encode(text.substring(0, 12_000));
      Score whole = model.score(tokens, 256).join();
      assertThat(whole.tokens()).isEqualTo(tokens.length - (tokens.length + 255L) / 256);
      // The whole test text has 52.548; its beginning is a little easier.
      assertThat(whole.perplexity()).isBetween(40.0, 65.0);

      Score alone = model.score(Arrays.copyOf(tokens, 256), 256).join();
      Score window = model.score(Arrays.copyOf(tokens, 200)).join();
      assertThat(alone.tokens()).isEqualTo(255);
      assertThat(window.negativeLogLikelihood()).isLessThan(alone.negativeLogLikelihood());
      assertThat(model.score(new int[] {5}).join().tokens()).isZero();
    }
  }

  @Test
  void quantizedWeightsCostLittle() throws IOException {
    String text = Files.readString(GoldenFiles.file("text/wikitext2-test.txt"));
    double dense = perplexity(WeightScheme.dense(), text);
    assertThat(perplexity(WeightScheme.fp8(new io.octavo.quant.Granularity.PerRow()), text))
        .isCloseTo(dense, within(0.01 * dense));
    assertThat(perplexity(WeightScheme.int8(), text)).isCloseTo(dense, within(0.01 * dense));
    assertThat(perplexity(WeightScheme.w4a8(new io.octavo.format.IntegerFormat(4), 32), text))
        .isCloseTo(dense, within(0.05 * dense));
  }

  private static double perplexity(WeightScheme scheme, String text) {
    try (ServedModel model = open(scheme, CacheFormat.FP8)) {
      int[] tokens = model.tokenizer().encode(text.substring(0, 8_000));
      return model.score(tokens, 256).join().perplexity();
    }
  }

  @Test
  void embedsAsTheMeanOfHiddenStates() {
    try (ServedModel model = open(EngineConfig.defaults())) {
      int[] tokens = model.tokenizer().encode("The city of London");
      float[] embedding = model.embed(tokens).join();
      assertThat(embedding).hasSize(model.config().hidden());
      assertThat(model.embed(tokens).join()).isEqualTo(embedding);
      assertThat(model.embed(Arrays.copyOf(tokens, 2)).join()).isNotEqualTo(embedding);
    }
  }

  @Test
  void stopsBeforeAStopText() {
    try (ServedModel model = open(EngineConfig.defaults())) {
      int[] prompt = ids("prompt_ids");
      Generation generation =
          model
              .generate(new GenerationRequest(prompt, 40, 0, 1, 0, List.of("nowhere", " and")))
              .join();
      assertThat(generation.text()).isEqualTo(" , <unk> ,");
      assertThat(generation.reason()).isEqualTo(FinishReason.STOP);
    }
  }

  @Test
  void givesPagesOfCancelledRequestsToOthers() {
    // Room for one request of 400 tokens.
    long page = 2L * 5 * 32 * 16 * 2 * 6;
    EngineConfig config = new EngineConfig(26 * page, CacheFormat.FP16, 4, 64, 10);
    try (ServedModel model = open(config)) {
      int[] prompt = ids("prompt_ids");
      CompletableFuture<Generation> first = model.generate(GenerationRequest.greedy(prompt, 394));
      CompletableFuture<Generation> second = model.generate(GenerationRequest.greedy(prompt, 300));
      first.cancel(true);
      assertThat(second.join().tokens()).hasSize(300);
      assertThatThrownBy(() -> model.generate(GenerationRequest.greedy(prompt, 420)))
          .hasMessageContaining("27 pages of the cache, which has 26");
    }
  }

  @Test
  void refusesWhatDoesNotFit() {
    try (ServedModel model = open(EngineConfig.defaults())) {
      assertThatThrownBy(() -> model.generate(GenerationRequest.greedy(new int[512], 1)))
          .hasMessage(
              "Cannot continue prompt of 512 tokens: the model's context has 512; shorten the prompt");
      assertThatThrownBy(() -> model.score(new int[] {4096}))
          .hasMessageContaining("Cannot use token id 4096");
      assertThatThrownBy(() -> model.embed(new int[0])).hasMessageContaining("0 tokens");
      Generation full = model.generate(GenerationRequest.greedy(new int[511], 100)).join();
      assertThat(full.tokens().size()).isLessThanOrEqualTo(1);
    }
  }

  @Test
  void failsWhatIsAskedAfterItWasClosed() {
    ServedModel model = open(EngineConfig.defaults());
    CompletableFuture<Generation> running =
        model.generate(GenerationRequest.greedy(ids("prompt_ids"), 500));
    model.close();
    model.close();
    assertThatThrownBy(running::join).hasMessageContaining("it is closed");
    assertThatThrownBy(() -> model.embed(new int[] {1}).join())
        .hasMessageContaining("it is closed");
  }
}
