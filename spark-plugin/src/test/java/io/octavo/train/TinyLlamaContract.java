package io.octavo.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.octavo.collective.LocalCollective;
import io.octavo.golden.GoldenFiles;
import io.octavo.kernel.Backend;
import io.octavo.model.GoldenTensors;
import io.octavo.model.HuggingFaceConfig;
import io.octavo.model.LoadedModel;
import io.octavo.model.ModelConfig;
import io.octavo.model.Scorer;
import io.octavo.optim.AdamWConfig;
import io.octavo.optim.LearningRateSchedule;
import io.octavo.optim.MomentFormat;
import io.octavo.quant.Recipe;
import java.io.IOException;
import java.nio.IntBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Logits, loss, gradients, AdamW losses and greedy tokens of transformers 5.17 on PyTorch 2.11. */
abstract class TinyLlamaContract {

  @TempDir static Path directory;

  private static GoldenTensors golden;
  private static GoldenTensors weights;
  private static JsonNode expected;
  private static ModelConfig model;

  @BeforeAll
  static void unpack() throws IOException {
    Path tiny = GoldenFiles.unpack("tiny-llama.tar", directory);
    golden = new GoldenTensors(tiny.resolve("golden.safetensors"));
    weights = new GoldenTensors(tiny.resolve("model.safetensors"));
    expected = new ObjectMapper().readTree(Files.readString(tiny.resolve("golden.json")));
    model = HuggingFaceConfig.parse(Files.readString(tiny.resolve("config.json")));
  }

  /** The backend to test; the caller closes it. */
  abstract Backend open();

  @Test
  void reproducesLossGradientsAndAdamWLosses() {
    int batch = golden.extent("input_ids", 0);
    int length = golden.extent("input_ids", 1);
    IntBuffer tokens = IntBuffer.wrap(golden.ints("input_ids"));
    TrainConfig config =
        new TrainConfig(
            new Recipe.Fp32(),
            MomentFormat.FP32,
            new AdamWConfig(1e-3f, 0.9f, 0.95f, 1e-8f, 0.1f, 0, true),
            new LearningRateSchedule.Constant(),
            length - 1,
            batch,
            batch,
            20,
            1);
    try (Backend backend = open();
        Trainer trainer = new Trainer(model, config, backend, new LocalCollective(backend), -1)) {
      trainer.load(weights);
      for (int step = 1; step <= 20; step++) {
        StepMetrics metrics = trainer.step(new StepBatch(step, tokens, batch));
        assertThat(metrics.loss())
            .as("loss of step %d", step)
            .isCloseTo(expected.get("adamw_losses").get(step - 1).asDouble(), within(1e-4));
        if (step == 1) {
          assertThat(metrics.loss()).isCloseTo(expected.get("loss").asDouble(), within(1e-5));
          checkGradients(trainer);
        }
      }
    }
  }

  private static void checkGradients(Trainer trainer) {
    int[] checked = new int[1];
    trainer.readGradients(
        (parameter, values) -> {
          float[] wanted = golden.floats("grad." + parameter.name());
          double difference = 0;
          double size = 0;
          for (int i = 0; i < wanted.length; i++) {
            double d = values.get(i) - wanted[i];
            difference += d * d;
            size += (double) wanted[i] * wanted[i];
          }
          assertThat(Math.sqrt(difference / size)).as(parameter.name()).isLessThan(1e-4);
          checked[0]++;
        });
    assertThat(checked[0]).isEqualTo(2 + 9 * model.layers() + 1);
  }

  @Test
  void reproducesLogits() {
    assertThat(largestErrorOfLogits(new Recipe.Fp32())).isLessThanOrEqualTo(2e-4f);
  }

  /** The largest error of a logit, as a share of the largest logit. */
  final float largestErrorOfLogits(Recipe recipe) {
    int length = golden.extent("input_ids", 1);
    float[] wanted = golden.floats("logits");
    float largest = 0;
    float error = 0;
    try (Backend backend = open();
        LoadedModel loaded = LoadedModel.load(model, weights, backend);
        Scorer scorer = new Scorer(loaded, recipe, backend, 1, length)) {
      int[] ids = golden.ints("input_ids");
      for (int sequence = 0; sequence < golden.extent("input_ids", 0); sequence++) {
        int at = sequence * length;
        float[] logits = scorer.logits(Arrays.copyOfRange(ids, at, at + length));
        for (int i = 0; i < logits.length; i++) {
          float expectedLogit = wanted[at * model.vocabulary() + i];
          largest = Math.max(largest, Math.abs(expectedLogit));
          // A NaN must not get lost.
          float difference = Math.abs(logits[i] - expectedLogit);
          error = difference <= error ? error : difference;
        }
      }
    }
    return error / largest;
  }

  @Test
  void continuesGreedilyWithTheSameTokens() {
    int[] prompt = ints("greedy_from");
    int[] wanted = ints("greedy_tokens");
    try (Backend backend = open();
        LoadedModel loaded = LoadedModel.load(model, weights, backend);
        Scorer scorer = new Scorer(loaded, new Recipe.Fp32(), backend, 1, wanted.length)) {
      for (int length = prompt.length; length < wanted.length; length++) {
        float[] logits = scorer.nextLogits(Arrays.copyOf(wanted, length));
        for (float logit : logits) {
          assertThat(logits[wanted[length]])
              .as("token %d of %s", length, Arrays.toString(prompt))
              .isGreaterThanOrEqualTo(logit);
        }
      }
    }
  }

  private static int[] ints(String name) {
    List<JsonNode> nodes = new ArrayList<>();
    expected.get(name).forEach(nodes::add);
    return nodes.stream().mapToInt(JsonNode::asInt).toArray();
  }
}
