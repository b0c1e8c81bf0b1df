package io.octavo.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.octavo.cpu.CpuBackend;
import io.octavo.kernel.Backend;
import io.octavo.kernel.Planning;
import io.octavo.model.ModelConfig;
import io.octavo.model.ModelPresets;
import io.octavo.model.ParameterLayout;
import io.octavo.optim.MomentFormat;
import io.octavo.quant.Recipe;
import io.octavo.tensor.MemoryKind;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Plans of models that would not fit this machine. */
class TestMemoryPlan {

  private Backend backend;

  @BeforeEach
  void open() {
    backend = new CpuBackend(1);
  }

  @AfterEach
  void close() {
    backend.close();
  }

  private MemoryPlan plan(String model, Recipe recipe, MomentFormat moments, int ranks) {
    TrainConfig config = TinyModels.config(recipe, moments, 1e-3f, 1024, 16);
    return Trainer.plan(ModelPresets.of(model), config, Planning.of(backend), ranks);
  }

  @ParameterizedTest
  @CsvSource({"FP32,8", "BF16,4", "FP8,2.1875"})
  void countsTheBytesOfMoments(MomentFormat moments, double bytes) {
    for (String model : ModelPresets.all().keySet()) {
      MemoryPlan plan = plan(model, new Recipe.Fp32(), moments, 1);
      assertThat(plan.momentBytesPerParameter())
          .as(model)
          .isGreaterThanOrEqualTo(bytes)
          .isCloseTo(bytes, within(0.01 * bytes));
    }
    assertThat(plan("byte-tiny", new Recipe.Fp32(), MomentFormat.FP8, 1).momentBytesPerParameter())
        .isLessThanOrEqualTo(2.19);
  }

  @Test
  void countsMastersGradientsAndCastWeights() {
    ModelConfig model = ModelPresets.of("b7");
    long parameters = ParameterLayout.of(model).parameterCount();
    MemoryPlan plan = plan("b7", new Recipe.Tensorwise(), MomentFormat.FP8, 1);

    assertThat(plan.parameters()).isEqualTo(parameters);
    assertThat(plan.bytes(MemoryKind.PARAMETERS)).isCloseTo(4 * parameters, within(1_000_000L));
    assertThat(plan.bytes(MemoryKind.GRADIENTS)).isCloseTo(4 * parameters, within(1_000_000L));
    long head = 2L * model.vocabulary() * model.hidden();
    assertThat(plan.bytes(MemoryKind.QUANTIZED_WEIGHTS))
        .isCloseTo(model.linearParameters() + head, within(1_000_000L));
    assertThat(plan.totalBytes())
        .isEqualTo(plan.bytes().values().stream().mapToLong(Long::longValue).sum());
  }

  @Test
  void shardsStateOverRanksAndKeepsOneLayerWhole() {
    MemoryPlan one = plan("b1", new Recipe.Fp32(), MomentFormat.FP32, 1);
    MemoryPlan eight = plan("b1", new Recipe.Fp32(), MomentFormat.FP32, 8);

    assertThat(eight.bytes(MemoryKind.MOMENTS) * 8)
        .isCloseTo(one.bytes(MemoryKind.MOMENTS), within(1_000_000L));
    assertThat(eight.bytes(MemoryKind.ACTIVATIONS)).isEqualTo(one.bytes(MemoryKind.ACTIVATIONS));
    assertThat(eight.bytes(MemoryKind.PARAMETERS))
        .isBetween(one.bytes(MemoryKind.PARAMETERS) / 8, one.bytes(MemoryKind.PARAMETERS) / 2);
  }

  @Test
  void keepsCodesInsteadOfNumbersForBackward() {
    long whole = plan("b1", new Recipe.Fp32(), MomentFormat.FP32, 1).bytes(MemoryKind.ACTIVATIONS);
    long half = plan("b1", new Recipe.Bf16(), MomentFormat.FP32, 1).bytes(MemoryKind.ACTIVATIONS);
    long codes =
        plan("b1", new Recipe.Tensorwise(), MomentFormat.FP32, 1).bytes(MemoryKind.ACTIVATIONS);

    assertThat(whole).isGreaterThan(half);
    assertThat(half).isGreaterThan(codes);
  }

  @Test
  void printsARowForEachPurpose() {
    String table = plan("m124", new Recipe.Coat(), MomentFormat.FP8, 2).table();

    assertThat(table).startsWith("memory of each of 2 ranks, 134,1");
    for (MemoryKind kind : MemoryKind.values()) {
      assertThat(table).contains(kind.name().toLowerCase(Locale.ROOT));
    }
    assertThat(table).contains("total").contains("MiB").contains("B/param");
  }
}
