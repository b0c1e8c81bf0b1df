package io.octavo.quant;

import io.octavo.format.ElementFormat;
import java.util.List;

/** The training policy of a linear layer: how each operand of its three products is cast. */
public sealed interface Recipe {

  /** How one operand is cast before it enters a product. */
  sealed interface Cast {
    /** Enters as FP32. */
    record None() implements Cast {}

    /** Rounded to BF16, nearest even, no scale. */
    record ToBf16() implements Cast {}

    /** Codes with scales. */
    record Quantize(QuantSpec spec) implements Cast {}
  }

  /** The name users type. */
  String name();

  /** How {@code operand} is cast. */
  Cast castFor(LinearOperand operand);

  /** Baseline in FP32. */
  record Fp32() implements Recipe {
    @Override
    public String name() {
      return "fp32";
    }

    @Override
    public Cast castFor(LinearOperand operand) {
      return new Cast.None();
    }
  }

  /** Every operand of every product rounded to BF16. */
  record Bf16() implements Recipe {
    @Override
    public String name() {
      return "bf16";
    }

    @Override
    public Cast castFor(LinearOperand operand) {
      return new Cast.ToBf16();
    }
  }

  /** One just-in-time FP32 scale a tensor; E4M3 forward, E5M2 for gradients. */
  record Tensorwise() implements Recipe {
    @Override
    public String name() {
      return "tensorwise";
    }

    @Override
    public Cast castFor(LinearOperand operand) {
      return new Cast.Quantize(
          QuantSpec.perTensor(
              operand == LinearOperand.GRAD_OUTPUT ? ElementFormat.E5M2 : ElementFormat.E4M3));
    }
  }

  /**
   * COAT (spec: COAT sections 2 and 3): linear layers as {@link Tensorwise}, moments in expanded
   * FP8 unless said otherwise.
   */
  record Coat() implements Recipe {
    @Override
    public String name() {
      return "coat";
    }

    @Override
    public Cast castFor(LinearOperand operand) {
      return new Tensorwise().castFor(operand);
    }
  }

  /** All recipes of this version. */
  static List<Recipe> all() {
    return List.of(new Fp32(), new Bf16(), new Tensorwise(), new Coat());
  }

  /**
   * The recipe of a name; {@code fp8} is another name of {@code tensorwise}.
   *
   * @throws IllegalArgumentException naming the known recipes
   */
  static Recipe of(String name) {
    String wanted = name.equals("fp8") ? "tensorwise" : name;
    return all().stream()
        .filter(recipe -> recipe.name().equals(wanted))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "Invalid precision: %s (expected one of %s or fp8)"
                        .formatted(name, all().stream().map(Recipe::name).toList())));
  }
}
