package io.octavo.quant;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Which recipe each linear layer gets: that of the first rule whose pattern matches its name, else
 * the base recipe.
 *
 * @param base also says how activations are kept between layers
 */
public record RecipePlan(Recipe base, List<Rule> rules) {

  public RecipePlan {
    rules = List.copyOf(rules);
  }

  /**
   * An exception.
   *
   * @param pattern a name such as {@code layers.0.mlp.down_proj} in which {@code *} stands for any
   *     characters
   */
  public record Rule(String pattern, Recipe recipe) {

    boolean matches(String name) {
      return Pattern.matches(Pattern.quote(pattern).replace("*", "\\E.*\\Q"), name);
    }
  }

  /** Every layer gets {@code recipe}. */
  public static RecipePlan uniform(Recipe recipe) {
    return new RecipePlan(recipe, List.of());
  }

  /**
   * A base recipe with exceptions as users write them: {@code layers.0.*=bf16, *.down_proj=fp8}.
   *
   * @throws IllegalArgumentException where an exception is not {@code pattern=recipe}
   */
  public static RecipePlan of(Recipe base, String exceptions) {
    List<Rule> rules = new ArrayList<>();
    for (String exception : exceptions.split(",", -1)) {
      if (exception.isBlank()) {
        continue;
      }
      int at = exception.indexOf('=');
      if (at < 1) {
        throw new IllegalArgumentException(
            "Invalid exception of a recipe: %s (expected pattern=recipe, such as layers.0.*=bf16)"
                .formatted(exception.strip()));
      }
      rules.add(
          new Rule(
              exception.substring(0, at).strip(), Recipe.of(exception.substring(at + 1).strip())));
    }
    return new RecipePlan(base, rules);
  }

  /** The recipe of a linear layer. */
  public Recipe recipeFor(String name) {
    return rules.stream()
        .filter(rule -> rule.matches(name))
        .map(Rule::recipe)
        .findFirst()
        .orElse(base);
  }

  /** Why a linear layer has its recipe. */
  public String reasonFor(String name) {
    return rules.stream()
        .filter(rule -> rule.matches(name))
        .map(rule -> "matches " + rule.pattern())
        .findFirst()
        .orElse("the run's recipe");
  }
}
