package io.octavo.examples.bench;

import io.octavo.quant.Recipe;
import java.util.List;

/** What narrow products gain once their casts are paid, against products of BF16 operands. */
final class CastGemmBenchmark {

  private static final String FAMILY = "cast-gemm";

  private static final List<Recipe> RECIPES =
      List.of(new Recipe.Tensorwise(), new Recipe.Rowwise(), new Recipe.Deepseek());

  private CastGemmBenchmark() {}

  /** Seconds of BF16 products: fprop, and dgrad with wgrad. */
  private record Baseline(double forward, double backward) {
    double all() {
      return forward + backward;
    }
  }

  static void measure(Setting setting) {
    for (Sizes.ProductShape shape : setting.sizes().castProducts()) {
      Baseline bf16 = baseline(setting, shape);
      setting.row(
          FAMILY,
          "bf16: all products",
          shape.toString(),
          () -> numbers(shape, 3, bf16.all(), bf16.all()));
      for (Recipe recipe : RECIPES) {
        try {
          compare(setting, shape, recipe, bf16);
        } catch (RuntimeException e) {
          setting.report().failed(FAMILY, recipe.name(), shape.toString(), e);
        }
      }
    }
  }

  private static Baseline baseline(Setting setting, Sizes.ProductShape shape) {
    try (DeviceTensors memory = setting.memory()) {
      LinearLayer layer = new LinearLayer(memory, setting.backend(), new Recipe.Bf16(), shape);
      return new Baseline(
          setting.clock().seconds(layer::fprop),
          setting
              .clock()
              .seconds(
                  () -> {
                    layer.dgrad();
                    layer.wgrad();
                  }));
    }
  }

  private static Numbers numbers(
      Sizes.ProductShape shape, int products, double seconds, double bf16) {
    return new Numbers()
        .with("ms", 1e3 * seconds)
        .with("tflop_per_s", products * shape.flops() / seconds / 1e12)
        .with("times_bf16", bf16 / seconds);
  }

  private static void compare(
      Setting setting, Sizes.ProductShape shape, Recipe recipe, Baseline bf16) {
    try (DeviceTensors memory = setting.memory()) {
      LinearLayer layer = new LinearLayer(memory, setting.backend(), recipe, shape);
      String name = recipe.name();
      row(
          setting,
          shape,
          name + ": cast x, fprop",
          1,
          bf16.forward(),
          () -> {
            layer.castInputRowwise();
            layer.fprop();
          });
      row(
          setting,
          shape,
          name + ": cast dy, dgrad, wgrad",
          2,
          bf16.backward(),
          () -> {
            layer.castGradient();
            layer.dgrad();
            layer.wgrad();
          });
      row(
          setting,
          shape,
          name + ": all casts, all products",
          3,
          bf16.all(),
          () -> {
            layer.castAll();
            layer.fprop();
            layer.dgrad();
            layer.wgrad();
          });
    }
  }

  private static void row(
      Setting setting,
      Sizes.ProductShape shape,
      String subject,
      int products,
      double bf16,
      Runnable work) {
    setting.row(
        FAMILY,
        subject,
        shape.toString(),
        () -> numbers(shape, products, setting.clock().seconds(work), bf16));
  }
}
