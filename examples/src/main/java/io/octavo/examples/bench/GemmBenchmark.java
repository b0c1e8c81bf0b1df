package io.octavo.examples.bench;

import io.octavo.quant.Recipe;
import java.util.List;

/**
 * Products of linear layers by shape and recipe, without their casts. FP8 products are summed as
 * the backend sums them: on CUDA {@code fprop} fast, gradients promoted to FP32.
 */
final class GemmBenchmark {

  private static final String FAMILY = "gemm";

  private static final List<Recipe> RECIPES =
      List.of(
          new Recipe.Bf16(), new Recipe.Tensorwise(), new Recipe.Rowwise(), new Recipe.Deepseek());

  private GemmBenchmark() {}

  static void measure(Setting setting) {
    for (Sizes.ProductShape shape : setting.sizes().products()) {
      for (Recipe recipe : RECIPES) {
        measure(setting, shape, recipe);
      }
    }
  }

  private static void measure(Setting setting, Sizes.ProductShape shape, Recipe recipe) {
    try (DeviceTensors memory = setting.memory()) {
      LinearLayer layer = new LinearLayer(memory, setting.backend(), recipe, shape);
      product(setting, shape, recipe.name() + " fprop", layer::fprop);
      product(setting, shape, recipe.name() + " dgrad", layer::dgrad);
      product(setting, shape, recipe.name() + " wgrad", layer::wgrad);
    } catch (RuntimeException e) {
      setting.report().failed(FAMILY, recipe.name(), shape.toString(), e);
    }
  }

  private static void product(
      Setting setting, Sizes.ProductShape shape, String subject, Runnable product) {
    setting.arithmetic(FAMILY, subject, shape.toString(), shape.flops(), product);
  }
}
