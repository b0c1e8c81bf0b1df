package io.octavo.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.cpu.CpuBackend;
import io.octavo.kernel.Backend;
import io.octavo.kernel.Planning;
import io.octavo.quant.Recipe;
import io.octavo.quant.RecipePlan;
import io.octavo.tensor.ArenaPlan;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What must never be there: all logits of a batch, all scores of a sequence. */
class TestTransformerPlan {

  @ParameterizedTest
  @CsvSource({"m124,16,1024", "b1,1,32768", "b7,8,2048"})
  void holdsNeitherAllLogitsNorAllScores(String name, int batch, int time) {
    ModelConfig model = ModelPresets.of(name);
    for (Recipe recipe : Recipe.all()) {
      ArenaPlan plan = new ArenaPlan();
      try (Backend backend = new CpuBackend(1)) {
        TransformerPlan.training(
            plan, Planning.of(backend), model, RecipePlan.uniform(recipe), batch, time, 1, true);
      }
      long rows = (long) batch * time;
      for (ArenaPlan.Slot slot : plan.slots()) {
        long elements = slot.shape().elements();
        if (slot.name().equals("logits") || slot.name().startsWith("head.gradient")) {
          assertThat(elements).as(slot.name()).isLessThanOrEqualTo(2 << 20);
        } else if (!slot.name().equals("gemm")) {
          // All activations are as wide as the widest layer, none as the vocabulary or time.
          assertThat(elements)
              .as(slot.name())
              .isLessThanOrEqualTo(
                  Math.max(
                      2 * rows * model.feedForward(), (long) model.vocabulary() * model.hidden()));
        }
      }
    }
  }
}
