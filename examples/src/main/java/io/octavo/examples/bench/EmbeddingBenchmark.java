package io.octavo.examples.bench;

import io.octavo.kernel.Backend;
import io.octavo.quant.Recipe;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;
import java.util.Arrays;
import java.util.function.IntUnaryOperator;

/** Rows of the embedding table by random token ids, and the sums of their gradients. */
final class EmbeddingBenchmark {

  private static final String FAMILY = "embedding";

  /** Steps of a logarithm from 0 to that of the vocabulary. */
  private static final int STEPS = 1 << 20;

  private EmbeddingBenchmark() {}

  static void measure(Setting setting) {
    Sizes sizes = setting.sizes();
    try (DeviceTensors memory = setting.memory()) {
      measure(setting, "", memory.ids(sizes.rows(), sizes.vocabulary()));
      int[] steps = memory.ids(sizes.rows(), STEPS);
      measure(setting, ", ids as 1 / rank", Arrays.stream(steps).map(skewed(sizes)).toArray());
    }
  }

  /** An id whose logarithm is uniform, as nearly are those of words. */
  private static IntUnaryOperator skewed(Sizes sizes) {
    return step -> (int) Math.pow(sizes.vocabulary(), (double) step / STEPS) - 1;
  }

  private static void measure(Setting setting, String which, int[] tokens) {
    Backend backend = setting.backend();
    Sizes sizes = setting.sizes();
    DataType type = backend.activationType(new Recipe.Bf16());
    String shape = sizes.rows() + " of " + sizes.vocabulary() + "x" + sizes.hidden();
    // Of equal ids the row is read and written once.
    long touched = Arrays.stream(tokens).distinct().count() * sizes.hidden() * DataType.F32.bytes();
    try (DeviceTensors memory = setting.memory()) {
      Tensor ids = memory.ints(tokens);
      Tensor table = memory.random(DataType.F32, sizes.vocabulary(), sizes.hidden());
      Tensor out = memory.random(type, sizes.rows(), sizes.hidden());
      setting.bandwidth(
          FAMILY,
          "gather" + which,
          shape,
          touched + Traffic.bytes(ids, out),
          () -> backend.embedding().gather(table, ids, out));
      setting.bandwidth(
          FAMILY,
          "scatterAdd" + which,
          shape,
          2 * touched + Traffic.bytes(ids, out),
          () -> backend.embedding().scatterAdd(out, ids, table));
    }
  }
}
