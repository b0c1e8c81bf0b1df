package io.octavo.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.octavo.format.ElementFormat;
import io.octavo.format.Rounding;
import io.octavo.format.ScaleFormat;
import io.octavo.quant.Recipe.Cast;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TestRecipe {

  @Test
  void namesFindTheirRecipes() {
    for (Recipe recipe : Recipe.all()) {
      assertThat(Recipe.of(recipe.name())).isEqualTo(recipe);
    }
    assertThat(Recipe.of("fp8")).isEqualTo(new Recipe.Tensorwise());
    assertThatThrownBy(() -> Recipe.of("fp7"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("fp7")
        .hasMessageContaining("rowwise")
        .hasMessageContaining("deepseek");
  }

  private static QuantSpec spec(Recipe recipe, LinearOperand operand) {
    return ((Cast.Quantize) recipe.castFor(operand)).spec();
  }

  @ParameterizedTest
  @EnumSource(LinearOperand.class)
  void rowwiseScalesEveryRowByAPowerOfTwo(LinearOperand operand) {
    QuantSpec spec = spec(new Recipe.Rowwise(), operand);
    assertThat(spec)
        .isEqualTo(
            new QuantSpec(
                ElementFormat.E4M3,
                ScaleFormat.E8M0,
                new Granularity.PerRow(),
                Rounding.NEAREST_EVEN));
    // The multiplier 448 / amax rounded down: 448 / 3 is between 128 and 256.
    assertThat(spec.scale().scaleFor(3, spec.element())).isEqualTo(1f / 128);
    assertThat(new Recipe.Rowwise().transposesExactly(operand)).isFalse();
    assertThat(new Recipe.Rowwise().transposedCastFor(operand))
        .isEqualTo(new Recipe.Rowwise().castFor(operand));
  }

  @Test
  void deepseekScalesGroupsOfActivationsAndSquaresOfWeights() {
    Recipe recipe = new Recipe.Deepseek();
    for (LinearOperand operand : LinearOperand.values()) {
      assertThat(spec(recipe, operand).element()).isEqualTo(ElementFormat.E4M3);
      assertThat(spec(recipe, operand).scale()).isEqualTo(ScaleFormat.FP32);
    }
    assertThat(spec(recipe, LinearOperand.INPUT).granularity())
        .isEqualTo(new Granularity.Group(128));
    assertThat(spec(recipe, LinearOperand.GRAD_OUTPUT).granularity())
        .isEqualTo(new Granularity.Group(128));
    assertThat(spec(recipe, LinearOperand.WEIGHT).granularity())
        .isEqualTo(new Granularity.Block(128, 128));
    assertThat(recipe.transposesExactly(LinearOperand.INPUT)).isFalse();
    assertThat(recipe.transposesExactly(LinearOperand.GRAD_OUTPUT)).isFalse();
    assertThat(recipe.transposesExactly(LinearOperand.WEIGHT)).isTrue();
  }

  @ParameterizedTest
  @EnumSource(LinearOperand.class)
  void oneCastServesBothProductsWhereNoScaleLiesAlongOneDimension(LinearOperand operand) {
    for (Recipe recipe :
        new Recipe[] {
          new Recipe.Fp32(),
          new Recipe.Bf16(),
          new Recipe.Tensorwise(),
          new Recipe.Delayed(),
          new Recipe.Coat()
        }) {
      assertThat(recipe.transposesExactly(operand)).as(recipe.name()).isTrue();
      assertThat(recipe.transposedCastFor(operand)).isEqualTo(recipe.castFor(operand));
    }
  }

  @ParameterizedTest
  @EnumSource(LinearOperand.class)
  void delayedCastsToTheCodesOfTensorwise(LinearOperand operand) {
    Cast delayed = new Recipe.Delayed().castFor(operand);
    assertThat(delayed.measured()).isEqualTo(new Recipe.Tensorwise().castFor(operand));
    assertThat(delayed.codes()).isEqualTo(delayed.measured().codes()).isPresent();
  }

  @Test
  void blocksTurnWithTheMatrix() {
    assertThat(new Granularity.Block(7, 5).ofTransposed()).isEqualTo(new Granularity.Block(5, 7));
    assertThat(new Granularity.Group(16).ofTransposed()).isEqualTo(new Granularity.Group(16));
  }

  @Test
  void onlyCoatKeepsActivationsAsCodes() {
    for (Recipe recipe : Recipe.all()) {
      boolean codes = recipe.activationCast() instanceof Cast.Quantize;
      assertThat(codes).as(recipe.name()).isEqualTo(recipe instanceof Recipe.Coat);
    }
    QuantSpec spec = ((Cast.Quantize) new Recipe.Coat().activationCast()).spec();
    assertThat(spec)
        .isEqualTo(
            new QuantSpec(
                ElementFormat.E4M3,
                ScaleFormat.BF16,
                new Granularity.Group(16),
                Rounding.NEAREST_EVEN));
  }
}
