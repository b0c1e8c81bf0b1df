package io.octavo.examples.bench;

import io.octavo.kernel.Backend;
import io.octavo.quant.Recipe;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;
import java.util.Arrays;

/** Rows of the embedding table by random token ids, and the sums of their gradients. */
final class EmbeddingBenchmark {

  private static final String FAMILY = "embedding";

  private EmbeddingBenchmark() {}

  static void measure(Setting setting) {
    Backend backend = setting.backend();
    Sizes sizes = setting.sizes();
    DataType type = backend.activationType(new Recipe.Bf16());
    String shape = sizes.rows() + " of " + sizes.vocabulary() + "x" + sizes.hidden();
    try (DeviceTensors memory = setting.memory()) {
      int[] tokens = memory.ids(sizes.rows(), sizes.vocabulary());
      // Of equal ids the row is read and written once.
      long touched =
          Arrays.stream(tokens).distinct().count() * sizes.hidden() * DataType.F32.bytes();
      Tensor ids = memory.ints(tokens);
      Tensor table = memory.random(DataType.F32, sizes.vocabulary(), sizes.hidden());
      Tensor out = memory.random(type, sizes.rows(), sizes.hidden());
      setting.bandwidth(
          FAMILY,
          "gather",
          shape,
          touched + Traffic.bytes(ids, out),
          () -> backend.embedding().gather(table, ids, out));
      setting.bandwidth(
          FAMILY,
          "scatterAdd",
          shape,
          2 * touched + Traffic.bytes(ids, out),
          () -> backend.embedding().scatterAdd(out, ids, table));
    }
  }
}
