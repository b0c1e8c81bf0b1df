package io.octavo.examples.bench;

import io.octavo.kernel.AttentionKernels;
import io.octavo.kernel.AttentionKernels.Geometry;
import io.octavo.quant.Recipe;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;

/**
 * Causal attention over whole sequences. Counted are the products below the diagonal: {@code 2 B H
 * T^2 D} forward, two and a half times that backward, where the scores are computed again.
 */
final class AttentionBenchmark {

  private static final String FAMILY = "attention";

  private AttentionBenchmark() {}

  static void measure(Setting setting) {
    for (Geometry geometry : setting.sizes().attention()) {
      try {
        measure(setting, geometry);
      } catch (RuntimeException e) {
        setting.report().failed(FAMILY, "preparation", shape(geometry), e);
      }
    }
  }

  private static void measure(Setting setting, Geometry geometry) {
    AttentionKernels attention = setting.backend().attention();
    DataType type = setting.backend().activationType(new Recipe.Bf16());
    int rows = geometry.rows();
    double flops =
        2.0 * geometry.batch() * geometry.time() * geometry.time() * geometry.queryWidth();
    String dimension = " D=" + geometry.headSize();
    try (DeviceTensors memory = setting.memory()) {
      Tensor qkv = memory.random(type, rows, geometry.qkvWidth());
      Tensor start = memory.ints(new int[rows]);
      Tensor out = memory.empty(type, rows, geometry.queryWidth());
      Tensor lse = memory.empty(DataType.F32, rows, geometry.queryHeads());
      setting.arithmetic(
          FAMILY,
          "forward" + dimension,
          shape(geometry),
          flops,
          () -> attention.forward(geometry, qkv, start, out, lse));
      Tensor dout = memory.random(type, rows, geometry.queryWidth());
      Tensor dqkv = memory.empty(type, rows, geometry.qkvWidth());
      long scratch = attention.workspaceElements(geometry);
      Tensor workspace = memory.empty(DataType.F32, Math.max(1, scratch));
      setting.arithmetic(
          FAMILY,
          "backward" + dimension,
          shape(geometry),
          2.5 * flops,
          () -> attention.backward(geometry, qkv, start, out, lse, dout, dqkv, workspace));
    }
  }

  private static String shape(Geometry geometry) {
    return "B%d T%d H%d/%d"
        .formatted(
            geometry.batch(), geometry.time(), geometry.queryHeads(), geometry.keyValueHeads());
  }
}
