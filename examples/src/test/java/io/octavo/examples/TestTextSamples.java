package io.octavo.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.IntBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TestTextSamples {

  private static final int END = 9_999;
  private static final int LENGTH = 13;

  /** Documents of 700 and 613 different ids, each with an end: 1315 tokens, 102 samples. */
  private final TextSamples samples =
      new TextSamples(
          List.of(IntStream.range(0, 700).toArray(), IntStream.range(700, 1313).toArray())
              .iterator(),
          LENGTH,
          END);

  @Test
  void everyTokenIsTrainedOnOrHeldOut() {
    assertThat(samples.heldOutCount()).isEqualTo(3);
    assertThat(samples.trainingCount()).isEqualTo(99);
    IntBuffer trained = samples.batch(samples.order(1, 99), 0, 99);
    int[] tokens =
        IntStream.concat(Arrays.stream(trained.array()), Arrays.stream(samples.heldOut().array()))
            .sorted()
            .toArray();
    int padding = 102 * LENGTH - 1315;
    assertThat(Arrays.copyOf(tokens, padding)).containsOnly(-1);
    assertThat(Arrays.copyOfRange(tokens, padding, padding + 1313))
        .isEqualTo(IntStream.range(0, 1313).toArray());
    assertThat(Arrays.copyOfRange(tokens, padding + 1313, tokens.length)).containsExactly(END, END);
  }

  @Test
  void eachEpochTakesAllSamplesInAnOrderOfItsOwn() {
    int[] order = samples.order(1, 250);
    int[] first = Arrays.copyOf(order, 99);
    int[] second = Arrays.copyOfRange(order, 99, 198);
    assertThat(second).isNotEqualTo(first);
    assertThat(sorted(first)).isEqualTo(IntStream.range(0, 99).toArray());
    assertThat(sorted(second)).isEqualTo(IntStream.range(0, 99).toArray());
  }

  @Test
  void theOrderIsThatOfTheSeedHoweverMuchIsAskedFor() {
    assertThat(samples.order(1, 120)).isEqualTo(Arrays.copyOf(samples.order(1, 250), 120));
    assertThat(samples.order(2, 120)).isNotEqualTo(samples.order(1, 120));
  }

  @Test
  void aBatchHasTheSamplesThatTheOrderNames() {
    int[] order = {4, 2, 7, 2};
    IntBuffer batch = samples.batch(order, 1, 3);
    assertThat(batch.remaining()).isEqualTo(3 * LENGTH);
    // Sample 0 of the text is held out, so training sample i starts at token (i + 1) LENGTH.
    assertThat(batch.get(0)).isEqualTo(3 * LENGTH);
    assertThat(batch.get(LENGTH)).isEqualTo(8 * LENGTH);
    assertThat(batch.get(2 * LENGTH)).isEqualTo(3 * LENGTH);
  }

  @Test
  void textOfASingleSampleIsRefused() {
    assertThatThrownBy(() -> new TextSamples(List.of(new int[] {1, 2}).iterator(), LENGTH, END))
        .hasMessageStartingWith("Cannot train on")
        .hasMessageContaining("give more text or shorten the sequence");
  }

  private static int[] sorted(int[] values) {
    int[] copy = values.clone();
    Arrays.sort(copy);
    return copy;
  }
}
