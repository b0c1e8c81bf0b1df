package io.octavo.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.octavo.cpu.CpuBackend;
import io.octavo.kernel.Backend;
import io.octavo.quant.RandomStream;
import io.octavo.quant.Recipe;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The forward pass of training as a scorer, with random weights. */
class TestScorer {

  private static final ModelConfig MODEL = ModelConfig.llama(40, 24, 32, 2, 2, 1, 32);

  private Backend backend;
  private LoadedModel model;
  private Scorer scorer;

  @BeforeEach
  void load() {
    backend = new CpuBackend(1);
    WeightSource random =
        (parameter, from, target) -> {
          RandomStream stream = new RandomStream(5, parameter.name().hashCode());
          for (long i = from; target.hasRemaining(); i++) {
            target.put((float) (parameter.matrix() ? 0.3 * stream.normal(i) : 1));
          }
        };
    model = LoadedModel.load(MODEL, random, backend);
    scorer = new Scorer(model, new Recipe.Fp32(), backend, 3, 12);
  }

  @AfterEach
  void close() {
    scorer.close();
    model.close();
    backend.close();
  }

  @Test
  void scoresWindowsTogetherAsAlone() {
    List<int[]> windows =
        List.of(
            new int[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, new int[] {7}, new int[] {3, 39});
    double[] together = scorer.score(windows);

    for (int i = 0; i < 3; i++) {
      assertThat(together[i]).isCloseTo(scorer.score(List.of(windows.get(i)))[0], within(1e-5));
    }
    assertThat(together[1]).isZero();
    float[] logits = scorer.nextLogits(new int[] {3});
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit);
    }
    assertThat(together[2]).isCloseTo(Math.log(sum) - logits[39], within(1e-5));
  }

  @Test
  void refusesWhatDoesNotFit() {
    assertThatThrownBy(() -> scorer.score(List.of(new int[13])))
        .hasMessage("Cannot score window of 13 tokens: at most 12 fit");
    assertThatThrownBy(() -> scorer.score(List.of(new int[] {40})))
        .hasMessageContaining("Cannot score token id 40: the model's vocabulary has 40");
    assertThatThrownBy(() -> scorer.score(List.of(new int[1], new int[1], new int[1], new int[1])))
        .hasMessage("Cannot score 4 windows at once: at most 3 fit");
    assertThatThrownBy(() -> new Scorer(model, new Recipe.Fp32(), backend, 1, 33))
        .hasMessageContaining("expected at most 32");
  }
}
