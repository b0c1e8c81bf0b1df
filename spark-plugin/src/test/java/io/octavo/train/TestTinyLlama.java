package io.octavo.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.octavo.collective.LocalCollective;
import io.octavo.cpu.CpuBackend;
import io.octavo.golden.GoldenFiles;
import io.octavo.kernel.Backend;
import io.octavo.model.GoldenTensors;
import io.octavo.model.ModelConfig;
import io.octavo.optim.AdamWConfig;
import io.octavo.optim.LearningRateSchedule;
import io.octavo.optim.MomentFormat;
import io.octavo.quant.Recipe;
import io.octavo.reference.ReferenceBackend;
import java.nio.IntBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Logits, loss, gradients and AdamW losses of transformers 5.17 on PyTorch 2.11. */
class TestTinyLlama {

  @TempDir static Path directory;

  private static final ModelConfig TINY =
      new ModelConfig(
          512,
          64,
          176,
          2,
          4,
          2,
          16,
          128,
          1e-5f,
          10_000,
          new io.octavo.model.RopeScaling.Default(),
          false,
          false,
          false,
          0.1f);

  @Test
  void reproducesLossGradientsAndAdamWLosses() throws Exception {
    try (Backend backend = new ReferenceBackend()) {
      check(backend);
    }
  }

  @Test
  void reproducesThemOnTheCpuBackend() throws Exception {
    try (Backend backend = new CpuBackend(2)) {
      check(backend);
    }
  }

  private void check(Backend backend) throws Exception {
    Path tiny = GoldenFiles.unpack("tiny-llama.tar", directory);
    GoldenTensors golden = new GoldenTensors(tiny.resolve("golden.safetensors"));
    JsonNode expected = new ObjectMapper().readTree(Files.readString(tiny.resolve("golden.json")));
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
    try (Trainer trainer = new Trainer(TINY, config, backend, new LocalCollective(backend), -1)) {
      trainer.load(new GoldenTensors(tiny.resolve("model.safetensors")));
      for (int step = 1; step <= 20; step++) {
        StepMetrics metrics = trainer.step(new StepBatch(step, tokens, batch));
        assertThat(metrics.loss())
            .as("loss of step %d", step)
            .isCloseTo(expected.get("adamw_losses").get(step - 1).asDouble(), within(1e-4));
      }
    }
  }
}
