package io.octavo.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.octavo.cpu.CpuBackend;
import io.octavo.kernel.Backend;
import io.octavo.quant.RandomStream;
import io.octavo.quant.Recipe;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Scoring and sampling with random weights. */
class TestTextGenerator {

  private static final ModelConfig MODEL = ModelConfig.llama(40, 24, 32, 2, 2, 1, 32);
  private static final int NO_END = -1;

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
    assertThatThrownBy(() -> new TextGenerator(scorer, -1, 0))
        .hasMessage("Invalid temperature: -1.0 (expected 0 or more)");
    assertThatThrownBy(() -> new TextGenerator(scorer, 1, 0, 0))
        .hasMessage("Invalid topP: 0.0 (expected (0, 1])");
    assertThatThrownBy(() -> new TextGenerator(scorer, 0, 0).generate(new int[0], 3, NO_END))
        .hasMessageContaining("empty prompt");
  }

  @Test
  void repeatsItselfForOneSeedOnly() {
    int[] prompt = {1, 2};
    int[] first = new TextGenerator(scorer, 1, 7).generate(prompt, 20, NO_END);

    assertThat(first).hasSize(20);
    assertThat(new TextGenerator(scorer, 1, 7).generate(prompt, 20, NO_END)).isEqualTo(first);
    assertThat(new TextGenerator(scorer, 1, 8).generate(prompt, 20, NO_END)).isNotEqualTo(first);
  }

  @Test
  void takesTheMostProbableTokenWhereTheNucleusIsSmall() {
    int[] prompt = {4};
    int[] greedy = new TextGenerator(scorer, 0, 0).generate(prompt, 15, NO_END);

    assertThat(new TextGenerator(scorer, 1, 1e-9, 3).generate(prompt, 15, NO_END))
        .isEqualTo(greedy);
  }

  @Test
  void drawsFromTheNucleusOnly() {
    int[] prompt = {4};
    float[] logits = scorer.nextLogits(prompt);
    Integer[] ids = new Integer[logits.length];
    Arrays.setAll(ids, i -> i);
    Arrays.sort(ids, (a, b) -> Float.compare(logits[b], logits[a]));
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit);
    }
    Set<Integer> nucleus = new HashSet<>();
    double mass = 0;
    for (int i = 0; mass < 0.5 * sum; i++) {
      nucleus.add(ids[i]);
      mass += Math.exp(logits[ids[i]]);
    }
    Set<Integer> drawn = new HashSet<>();
    for (int seed = 0; seed < 200; seed++) {
      drawn.add(new TextGenerator(scorer, 1, 0.5, seed).generate(prompt, 1, NO_END)[0]);
    }
    assertThat(nucleus).hasSizeLessThan(40).containsAll(drawn);
    assertThat(drawn.size()).isGreaterThan(nucleus.size() / 2);
  }

  @Test
  void stopsBeforeTheEndOfText() {
    int[] prompt = {4};
    int[] greedy = new TextGenerator(scorer, 0, 0).generate(prompt, 8, NO_END);
    int first = Arrays.stream(greedy).boxed().toList().indexOf(greedy[5]);

    assertThat(new TextGenerator(scorer, 0, 0).generate(prompt, 8, greedy[5]))
        .isEqualTo(Arrays.copyOf(greedy, first));
  }
}
