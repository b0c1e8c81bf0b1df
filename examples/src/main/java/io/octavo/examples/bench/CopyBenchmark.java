package io.octavo.examples.bench;

import io.octavo.kernel.Backend;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;

/** What memory can do: a copy of more than any cache holds. */
final class CopyBenchmark {

  private CopyBenchmark() {}

  /** Bytes a second, read and written together. */
  static double measure(Backend backend, Draws draws, Sizes sizes, Report report, Clock clock) {
    try (DeviceTensors memory = new DeviceTensors(backend, draws)) {
      Tensor source = memory.random(DataType.U8, sizes.copyBytes());
      Tensor target = memory.empty(DataType.U8, sizes.copyBytes());
      double seconds = clock.secondsUncaptured(() -> backend.copy(source, target));
      double rate = 2 * sizes.copyBytes() / seconds;
      report.add(
          "copy",
          "copy",
          sizes.copyBytes() + " bytes",
          new Numbers().with("ms", 1e3 * seconds).with("tb_per_s", rate / 1e12));
      return rate;
    }
  }
}
