package io.octavo.examples.bench;

import io.octavo.format.ElementFormat;
import io.octavo.format.IntegerFormat;
import io.octavo.kernel.Backend;
import io.octavo.kernel.LinearKernels;
import io.octavo.kernel.PackedWeight;
import io.octavo.kernel.Replay;
import io.octavo.quant.Granularity;
import io.octavo.quant.Recipe;
import io.octavo.quant.WeightScheme;
import io.octavo.tensor.Buffer;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Times linear layers of served models, casts of their inputs included, one beside the other. */
public final class ServedProducts {

  private static final int[] ROWS = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096};

  /** Weights that take turns, so that none waits in the second cache. */
  private static final int COPIES = 4;

  private static final int ROUNDS = 4;

  private final Backend backend;
  private final PrintStream out;

  private ServedProducts(Backend backend, PrintStream out) {
    this.backend = backend;
    this.out = out;
  }

  /**
   * Measures the feed-forward layers of a model of 7 billion parameters and prints a table each.
   */
  public static void measure(Backend backend, PrintStream out) {
    ServedProducts products = new ServedProducts(backend, out);
    products.table(Shape.of(11_008, 4096));
    products.table(Shape.of(4096, 11_008));
  }

  private void table(Shape shape) {
    Map<String, WeightScheme> schemes = new LinkedHashMap<>();
    schemes.put("FP8", WeightScheme.fp8(new Granularity.PerRow()));
    schemes.put("INT4", WeightScheme.w4a8(new IntegerFormat(4), 128));
    schemes.put("E2M1", WeightScheme.w4a8(ElementFormat.E2M1, 128));
    out.printf("%s, us a layer and times as fast as FP8:%n", shape);
    double[] first = new double[ROWS.length];
    for (Map.Entry<String, WeightScheme> scheme : schemes.entrySet()) {
      double[] times = times(shape, scheme.getValue());
      StringBuilder line = new StringBuilder(scheme.getKey());
      for (int i = 0; i < times.length; i++) {
        first[i] = first[i] == 0 ? times[i] : first[i];
        line.append("  %d: %.1f (%.2f)".formatted(ROWS[i], times[i], first[i] / times[i]));
      }
      out.println(line);
    }
  }

  private double[] times(Shape shape, WeightScheme scheme) {
    List<PackedWeight> weights = new ArrayList<>();
    try {
      for (int copy = 0; copy < COPIES; copy++) {
        weights.add(backend.linear().pack(RandomCodes.weight(shape, scheme, copy)));
      }
      double[] times = new double[ROWS.length];
      for (int i = 0; i < ROWS.length; i++) {
        times[i] = time(weights, ROWS[i]);
      }
      return times;
    } finally {
      weights.forEach(PackedWeight::close);
    }
  }

  private double time(List<PackedWeight> weights, int rows) {
    Shape shape = weights.get(0).shape();
    LinearKernels linear = backend.linear();
    DataType type = backend.activationType(Recipe.of("bf16"));
    long numbers = linear.workspaceElements(shape, weights.get(0).scheme(), rows);
    try (Buffer in = backend.allocate(rows * shape.extent(1) * type.bytes());
        Buffer result = backend.allocate(rows * shape.extent(0) * type.bytes());
        Buffer work = backend.allocate(numbers * Float.BYTES)) {
      Tensor x = matrix(in, type, rows, shape.extent(1));
      Tensor y = matrix(result, type, rows, shape.extent(0));
      Tensor workspace = matrix(work, DataType.F32, 1, numbers);
      Runnable all = () -> weights.forEach(weight -> linear.apply(weight, x, y, workspace));
      all.run();
      double best = Double.MAX_VALUE;
      try (Replay replay = backend.capture(all)) {
        int runs = rows > 500 ? 2 : 6;
        for (int round = 0; round < ROUNDS; round++) {
          backend.synchronize();
          long begin = System.nanoTime();
          for (int run = 0; run < runs; run++) {
            replay.run();
          }
          backend.synchronize();
          best = Math.min(best, (System.nanoTime() - begin) / 1e3 / runs / weights.size());
        }
      }
      return best;
    }
  }

  private static Tensor matrix(Buffer buffer, DataType type, long rows, long columns) {
    return new Tensor(Shape.of(rows, columns), buffer.window(type, 0, rows * columns));
  }
}
