package io.octavo.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Next tokens: the largest, the nucleus, frequencies, and independence of the other rows. */
public abstract class SamplingKernelsContract {

  protected abstract Backend open();

  /** One row's way of drawing. */
  private record Draw(float[] logits, float temperature, float topP, long seed, int position) {}

  private int[] sample(Draw... draws) throws Exception {
    int words = draws[0].logits.length;
    float[] logits = new float[draws.length * words];
    float[] temperatures = new float[draws.length];
    float[] masses = new float[draws.length];
    int[] seeds = new int[2 * draws.length];
    int[] positions = new int[draws.length];
    for (int r = 0; r < draws.length; r++) {
      System.arraycopy(draws[r].logits, 0, logits, r * words, words);
      temperatures[r] = draws[r].temperature;
      masses[r] = draws[r].topP;
      seeds[2 * r] = (int) draws[r].seed;
      seeds[2 * r + 1] = (int) (draws[r].seed >>> 32);
      positions[r] = draws[r].position;
    }
    try (Backend backend = open();
        Tensors tensors = new Tensors(backend)) {
      Tensor ids = tensors.empty(DataType.I32, draws.length);
      backend
          .sampling()
          .sample(
              tensors.of(logits, draws.length, words),
              tensors.of(temperatures, draws.length),
              tensors.of(masses, draws.length),
              tensors.ints(seeds).reshape(draws.length, 2),
              tensors.ints(positions),
              ids);
      backend.synchronize();
      ByteBuffer bytes = ByteBuffer.allocateDirect(4 * draws.length).order(ByteOrder.nativeOrder());
      backend.download(ids, bytes);
      int[] result = new int[draws.length];
      bytes.asIntBuffer().get(result);
      return result;
    }
  }

  private static float[] words(int count, int first, int second) {
    float[] logits = new float[count];
    logits[first] = 9;
    logits[second] = 9;
    return logits;
  }

  @Test
  void takesTheFirstOfTheLargestWithoutTemperature() throws Exception {
    assertThat(sample(new Draw(words(1003, 700, 31), 0, 1, 5, 0))).containsExactly(31);
  }

  @Test
  void drawsByProbability() throws Exception {
    float[] logits = {0, (float) Math.log(2), (float) Math.log(5), -40};
    Draw[] draws = new Draw[8000];
    Arrays.setAll(draws, i -> new Draw(logits, 1, 1, 7, i));
    int[] counts = new int[4];
    for (int id : sample(draws)) {
      counts[id]++;
    }
    // Four standard deviations of a binomial of 8000.
    assertThat(counts[0]).isBetween(882, 1118);
    assertThat(counts[1]).isBetween(1845, 2155);
    assertThat(counts[2]).isBetween(4826, 5174);
    assertThat(counts[3]).isZero();
  }

  @Test
  void drawsFromTheFewestIdsThatReachTopP() throws Exception {
    float[] logits = {(float) Math.log(0.2), (float) Math.log(0.5), (float) Math.log(0.3)};
    Draw[] draws = new Draw[500];
    Arrays.setAll(draws, i -> new Draw(logits, 1, 0.75f, 9L << 40, i));
    assertThat(sample(draws)).containsOnly(1, 2);
    Arrays.setAll(draws, i -> new Draw(logits, 1, 0.4f, 3, i));
    assertThat(sample(draws)).containsOnly(1);
  }

  @Test
  void givesARowTheSameIdAloneAndBesideOthers() throws Exception {
    Draw[] draws = new Draw[9];
    Arrays.setAll(
        draws, i -> new Draw(words(257, 3 * i, 100), 0.5f + i, 0.9f, 1L << 33 | i, 17 * i));
    int[] together = sample(draws);
    for (int i = 0; i < draws.length; i++) {
      assertThat(sample(draws[i])).containsExactly(together[i]);
    }
  }
}
