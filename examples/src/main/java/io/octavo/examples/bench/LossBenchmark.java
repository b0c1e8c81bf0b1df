package io.octavo.examples.bench;

import io.octavo.kernel.Backend;
import io.octavo.quant.Recipe;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;

/** Cross-entropy over as many logits as the backend takes at once. */
final class LossBenchmark {

  private static final String FAMILY = "loss";

  private LossBenchmark() {}

  static void measure(Setting setting) {
    int vocabulary = setting.sizes().vocabulary();
    measure(setting, vocabulary);
    measure(setting, 4 * vocabulary);
  }

  private static void measure(Setting setting, int vocabulary) {
    Backend backend = setting.backend();
    long most = Math.max(1, backend.loss().chunkElements() / vocabulary);
    int rows = (int) Math.min(setting.sizes().rows(), most);
    String shape = rows + "x" + vocabulary;
    try (DeviceTensors memory = setting.memory()) {
      Tensor logits = memory.random(backend.activationType(new Recipe.Bf16()), rows, vocabulary);
      Tensor targets = memory.ints(memory.ids(rows, vocabulary));
      Tensor losses = memory.empty(DataType.F32, rows, 1);
      setting.bandwidth(
          FAMILY,
          "crossEntropy",
          shape,
          Traffic.bytes(logits, targets, losses),
          () -> backend.loss().crossEntropy(logits, targets, losses));
      setting.bandwidth(
          FAMILY,
          "crossEntropyBackward",
          shape,
          Traffic.bytes(logits, logits, targets, losses),
          () -> backend.loss().crossEntropyBackward(logits, targets, losses, 1f / rows));
    }
  }
}
