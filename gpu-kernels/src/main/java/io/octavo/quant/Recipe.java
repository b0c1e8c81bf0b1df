package io.octavo.quant;

import io.octavo.format.ElementFormat;
import io.octavo.format.Rounding;
import io.octavo.format.ScaleFormat;
import java.util.List;
import java.util.Optional;

/** The training policy of a linear layer: how each operand of its three products is cast. */
public sealed interface Recipe {

  /** How one operand is cast before it enters a product. */
  sealed interface Cast {
    /** Enters as FP32. */
    record None() implements Cast {}

    /** Rounded to BF16, nearest even, no scale. */
    record ToBf16() implements Cast {}

    /** Codes with scales. */
    record Quantize(QuantSpec spec) implements Cast {
      @Override
      public Optional<QuantSpec> codes() {
        return Optional.of(spec);
      }

      @Override
      public Cast ofTransposed() {
        return new Quantize(spec.ofTransposed());
      }

      @Override
      public boolean transposesExactly() {
        return spec.transposesExactly();
      }
    }

    /** Codes with a scale from the amax of the last {@code casts} of the same tensor. */
    record QuantizeDelayed(QuantSpec spec, int casts) implements Cast {
      @Override
      public Optional<QuantSpec> codes() {
        return Optional.of(spec);
      }

      @Override
      public Cast measured() {
        return new Quantize(spec);
      }
    }

    /** What codes the cast leaves; empty where it leaves numbers. */
    default Optional<QuantSpec> codes() {
      return Optional.empty();
    }

    /** The cast to the same codes that needs no history: its scales are of the matrix itself. */
    default Cast measured() {
      return this;
    }

    /** The cast of the transposed matrix that goes with this cast of the matrix. */
    default Cast ofTransposed() {
      return this;
    }

    /** Whether that cast has the transposed numbers of this one. */
    default boolean transposesExactly() {
      return true;
    }
  }

  /** The name users type. */
  String name();

  /** How {@code operand} is cast. */
  Cast castFor(LinearOperand operand);

  /**
   * How the transpose of {@code operand} is cast for the product that contracts over its rows: by
   * the same spec, so that what shares a scale lies along the contracted dimension there too. A
   * {@code Block(r, c)} becomes {@code Block(c, r)}, which keeps its numbers.
   */
  default Cast transposedCastFor(LinearOperand operand) {
    return castFor(operand).ofTransposed();
  }

  /**
   * Whether one cast of {@code operand} serves both products it enters: the cast of its transpose
   * has the same numbers.
   */
  default boolean transposesExactly(LinearOperand operand) {
    return castFor(operand).transposesExactly();
  }

  /** How layers other than products store what they keep for the backward pass. */
  default Cast activationCast() {
    return new Cast.None();
  }

  /**
   * How every operand of the output head is cast: to BF16 where linear layers are below FP32, and
   * not at all where they are not.
   */
  default Cast headCast() {
    return castFor(LinearOperand.WEIGHT) instanceof Cast.None ? new Cast.None() : new Cast.ToBf16();
  }

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

    /** Groups of 16 along a row, scales in BF16 (spec: COAT 2.2.1). */
    @Override
    public Cast activationCast() {
      return new Cast.Quantize(
          new QuantSpec(
              ElementFormat.E4M3,
              ScaleFormat.BF16,
              new Granularity.Group(16),
              Rounding.NEAREST_EVEN));
    }
  }

  /**
   * One just-in-time scale a row of each operand as it enters a product, a power of two; E4M3 for
   * all three.
   */
  record Rowwise() implements Recipe {
    @Override
    public String name() {
      return "rowwise";
    }

    @Override
    public Cast castFor(LinearOperand operand) {
      return new Cast.Quantize(
          new QuantSpec(
              ElementFormat.E4M3,
              ScaleFormat.E8M0,
              new Granularity.PerRow(),
              Rounding.NEAREST_EVEN));
    }
  }

  /**
   * One FP32 scale a tensor, from the largest amax of its last {@value #CASTS} casts; E4M3 forward,
   * E5M2 for gradients.
   */
  record Delayed() implements Recipe {
    private static final int CASTS = 16;

    @Override
    public String name() {
      return "delayed";
    }

    @Override
    public Cast castFor(LinearOperand operand) {
      Cast.Quantize justInTime = (Cast.Quantize) new Tensorwise().castFor(operand);
      return new Cast.QuantizeDelayed(justInTime.spec(), CASTS);
    }
  }

  /**
   * DeepSeek-V3 (spec: DeepSeek A2, A3): E4M3 for all three operands, scales for 128 inputs or
   * gradients along the contracted dimension and for 128 x 128 weights. Theirs raises a group's
   * amax to 1e-4; here it is taken as it is, so that groups of small gradients keep their range,
   * and all-zero groups have scale 1: their codes are 0 with any.
   */
  record Deepseek() implements Recipe {
    private static final int WIDTH = 128;

    @Override
    public String name() {
      return "deepseek";
    }

    @Override
    public Cast castFor(LinearOperand operand) {
      Granularity granularity =
          operand == LinearOperand.WEIGHT
              ? new Granularity.Block(WIDTH, WIDTH)
              : new Granularity.Group(WIDTH);
      return new Cast.Quantize(
          new QuantSpec(ElementFormat.E4M3, ScaleFormat.FP32, granularity, Rounding.NEAREST_EVEN));
    }
  }

  /** All recipes of this version. */
  static List<Recipe> all() {
    return List.of(
        new Fp32(),
        new Bf16(),
        new Tensorwise(),
        new Delayed(),
        new Coat(),
        new Rowwise(),
        new Deepseek());
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
