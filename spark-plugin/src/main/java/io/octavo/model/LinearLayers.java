package io.octavo.model;

import io.octavo.quant.LinearOperand;
import io.octavo.quant.Recipe;
import io.octavo.quant.RecipePlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The linear layers of a model and the recipe of each: what {@code explain} prints.
 *
 * @param layers in the order of the forward pass, the head last
 */
public record LinearLayers(List<LinearLayer> layers) {

  public LinearLayers {
    layers = List.copyOf(layers);
  }

  /**
   * One linear layer.
   *
   * @param name such as {@code layers.3.mlp.down_proj}
   * @param weights number of its weights
   * @param recipe name of its recipe
   * @param low whether its operands are cast below 16 bits
   * @param reason why it has the recipe
   */
  public record LinearLayer(String name, long weights, String recipe, boolean low, String reason) {}

  /** The layers of a model under a plan. */
  public static LinearLayers of(ModelConfig config, RecipePlan plan) {
    List<LinearLayer> layers = new ArrayList<>();
    for (int layer = 0; layer < config.layers(); layer++) {
      for (Projection projection : Projection.values()) {
        String name = projection.name(layer);
        Recipe recipe = plan.recipeFor(name);
        boolean low = recipe.castFor(LinearOperand.WEIGHT).codes().isPresent();
        long weights = (long) projection.out(config) * projection.in(config);
        layers.add(new LinearLayer(name, weights, recipe.name(), low, plan.reasonFor(name)));
      }
    }
    layers.add(
        new LinearLayer(
            "lm_head",
            (long) config.vocabulary() * config.hidden(),
            plan.base().headCast() instanceof Recipe.Cast.None ? "fp32" : "bf16",
            false,
            "the output head stays in high precision"));
    return new LinearLayers(layers);
  }

  /** Share of the linear layers' FLOPs whose operands are cast below 16 bits. */
  public double lowPrecisionShare() {
    long all = layers.stream().mapToLong(LinearLayer::weights).sum();
    long low = layers.stream().filter(LinearLayer::low).mapToLong(LinearLayer::weights).sum();
    return (double) low / all;
  }

  /** A line for each layer: name, recipe and reason. */
  public String explain() {
    StringBuilder text = new StringBuilder();
    for (LinearLayer layer : layers) {
      text.append(
          String.format(
              Locale.ROOT, "%-32s %-11s %s%n", layer.name(), layer.recipe(), layer.reason()));
    }
    return text.toString();
  }
}
