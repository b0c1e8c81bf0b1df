package io.octavo.cuda;

import io.octavo.tensor.Tensor;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What the tokens of a linear layer are made from; see token_rows.cuh.
 *
 * @param made how
 * @param x the rows before it
 * @param gain of a norm
 * @param epsilon of a norm
 */
record RowSource(Made made, Tensor x, Optional<Tensor> gain, float epsilon) {

  /** Names of the kernels that cast, and of those that cast and multiply. */
  enum Made {
    PLAIN("tokens", "plain", 2, 4),
    NORM("norm", "norm", 2, 4),
    SWIGLU("swiglu", "swiglu", 1, 2, 4);

    /** Columns that threads hold with each pack of theirs: 128 threads by 8. */
    private static final int COLUMNS = 1024;

    private static final int[] CAST_PACKS = {2, 4, 8, 16, 28};

    private final String cast;
    private final String multiplied;
    private final int[] packs;

    Made(String cast, String multiplied, int... packs) {
      this.cast = cast;
      this.multiplied = multiplied;
      this.packs = packs;
    }

    String cast() {
      return cast;
    }

    String multiplied() {
      return multiplied;
    }

    /**
     * Packs of a thread of the kernel that casts rows of {@code columns}.
     *
     * @throws IllegalArgumentException where there is none
     */
    int castPacks(int columns) {
      return fewest(CAST_PACKS, columns)
          .orElseThrow(
              () ->
                  new IllegalArgumentException(
                      "Cannot cast rows of %d columns on cuda (expected at most %d)"
                          .formatted(columns, CAST_PACKS[CAST_PACKS.length - 1] * COLUMNS)));
    }

    /**
     * The same of the kernel that casts and multiplies; none for long rows.
     *
     * @param columns of a row
     * @param ofBlock those that a block multiplies: SwiGLU is divided among blocks
     */
    OptionalInt multipliedPacks(int columns, int ofBlock) {
      return fewest(packs, this == SWIGLU ? ofBlock : columns);
    }

    private static OptionalInt fewest(int[] packs, int columns) {
      return Arrays.stream(packs).filter(count -> count * COLUMNS >= columns).findFirst();
    }
  }

  static RowSource plain(Tensor x) {
    return new RowSource(Made.PLAIN, x, Optional.empty(), 0);
  }

  static RowSource norm(Tensor x, Tensor gain, float epsilon) {
    return new RowSource(Made.NORM, x, Optional.of(gain), epsilon);
  }

  static RowSource swiGlu(Tensor gateUp) {
    return new RowSource(Made.SWIGLU, gateUp, Optional.empty(), 0);
  }

  int rows() {
    return x.rows();
  }
}
