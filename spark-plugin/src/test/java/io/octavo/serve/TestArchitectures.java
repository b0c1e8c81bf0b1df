package io.octavo.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.octavo.cpu.CpuBackend;
import io.octavo.kernel.Backend;
import io.octavo.layout.HuggingFaceFiles;
import io.octavo.model.HuggingFaceConfig;
import io.octavo.model.LoadedModel;
import io.octavo.model.Parameter;
import io.octavo.model.ParameterLayout;
import io.octavo.model.Scorer;
import io.octavo.model.WeightSource;
import io.octavo.quant.Recipe;
import io.octavo.safetensors.SafetensorsWriter;
import io.octavo.safetensors.ShardedModelWriter;
import io.octavo.safetensors.TensorType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Small random models of every architecture and variant against transformers. {@code
 * golden/architectures.txt} has for each a name, the seed of its weights, its config, and what
 * transformers 5.17 (eager attention, FP32) gives: the negative log-likelihood of each of 47 tokens
 * and the most probable next token at each of 48.
 */
class TestArchitectures {

  private static final int[] TOKENS =
      IntStream.range(0, 48).map(i -> (i * i * 7 + 3 * i + 5) % 96).toArray();

  @TempDir Path directory;

  /** A line of the file. */
  record Golden(String name, long seed, String config, double[] losses, int[] best) {

    static Golden of(String line) {
      String[] fields = line.split(" \\| ");
      return new Golden(
          fields[0],
          Long.parseLong(fields[1]),
          fields[2],
          Arrays.stream(fields[3].split(" ")).mapToDouble(Double::parseDouble).toArray(),
          Arrays.stream(fields[4].split(" ")).mapToInt(Integer::parseInt).toArray());
    }

    double loss(int tokens) {
      return Arrays.stream(losses, 0, tokens - 1).sum();
    }

    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Golden> models() throws IOException {
    try (InputStream in =
        TestArchitectures.class.getResourceAsStream("/golden/architectures.txt")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().map(Golden::of);
    }
  }

  private HuggingFaceFiles files(Golden model) throws IOException {
    Files.writeString(directory.resolve("config.json"), model.config());
    var target = new org.apache.hadoop.fs.Path(directory.toUri());
    List<Parameter> parameters =
        ParameterLayout.of(HuggingFaceConfig.parse(model.config())).units().stream()
            .flatMap(unit -> unit.parameters().stream())
            .toList();
    List<SafetensorsWriter.Declaration> declarations =
        parameters.stream()
            .map(p -> new SafetensorsWriter.Declaration(p.name(), TensorType.BF16, p.shape()))
            .toList();
    Random random = new Random(model.seed());
    try (ShardedModelWriter writer =
        new ShardedModelWriter(target, new Configuration(), declarations, 1L << 30)) {
      parameters.forEach(parameter -> writer.write(values(parameter, random)));
    }
    return HuggingFaceFiles.open(target, new Configuration());
  }

  private static FloatBuffer values(Parameter parameter, Random random) {
    float[] values = new float[(int) parameter.shape().elements()];
    boolean bias = parameter.name().endsWith("bias");
    double deviation = parameter.matrix() ? 0.25 : bias ? 0.3 : 0.2;
    float mean = parameter.matrix() || bias ? 0 : 1;
    for (int i = 0; i < values.length; i++) {
      values[i] = mean + (float) (deviation * random.nextGaussian());
    }
    return FloatBuffer.wrap(values);
  }

  @ParameterizedTest
  @MethodSource("models")
  void servesAsTransformersDoes(Golden golden) throws IOException {
    try (Backend backend = new CpuBackend(2);
        HuggingFaceFiles files = files(golden);
        ServedModel model = ServedModel.load(files, EngineConfig.defaults(), backend)) {
      for (int tokens : new int[] {48, 33, 9}) {
        Score score = model.score(Arrays.copyOf(TOKENS, tokens)).join();
        // Keys and values are kept as FP16.
        assertThat(score.negativeLogLikelihood())
            .as("%d tokens", tokens)
            .isCloseTo(golden.loss(tokens), within(0.02));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("models")
  void scoresAsTransformersDoesWhatCanBeTrained(Golden golden) throws IOException {
    if (HuggingFaceConfig.parse(golden.config()).untrainable(TOKENS.length).isPresent()) {
      return;
    }
    try (Backend backend = new CpuBackend(1);
        HuggingFaceFiles files = files(golden)) {
      WeightSource source =
          (parameter, from, target) -> files.dense(parameter.name(), from, target);
      try (LoadedModel model = LoadedModel.load(files.config(), source, backend);
          Scorer scorer = new Scorer(model, Recipe.of("fp32"), backend, 1, TOKENS.length)) {
        assertThat(scorer.score(List.of(TOKENS))[0])
            .isCloseTo(golden.loss(TOKENS.length), within(1e-3));
        float[] logits = scorer.logits(TOKENS);
        for (int row = 0; row < TOKENS.length; row++) {
          assertThat(largest(Arrays.copyOfRange(logits, row * 96, (row + 1) * 96)))
              .isEqualTo(golden.best()[row]);
        }
      }
    }
  }

  private static int largest(float[] values) {
    int best = 0;
    for (int i = 1; i < values.length; i++) {
      best = values[i] > values[best] ? i : best;
    }
    return best;
  }
}
