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
    PLAIN("tokens", "plain"),
    NORM("norm", "norm");

    /** Columns that threads hold with each pack of theirs: 128 threads by 8. */
    private static final int COLUMNS = 1024;

    private static final int[] CAST_PACKS = {2, 4, 8, 16, 28};
    private static final int[] MULTIPLIED_PACKS = {2, 4};

    private final String cast;
    private final String multiplied;

    Made(String cast, String multiplied) {
      this.cast = cast;
      this.multiplied = multiplied;
    }

    String cast() {
      return cast;
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
     * Which kernel casts and multiplies, as its name ends; none for long rows.
     *
     * @param columns of a row
     * @param ofBlock those that a block multiplies: blocks divide rows that are long for one
     */
    Optional<String> castingKernel(int columns, int ofBlock) {
      OptionalInt all = fewest(MULTIPLIED_PACKS, columns);
      if (all.isPresent() || this == NORM) {
        return all.stream().mapToObj(packs -> multiplied + "_" + packs).findFirst();
      }
      return fewest(MULTIPLIED_PACKS, ofBlock).stream()
          .mapToObj(packs -> "part_" + packs)
          .findFirst();
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

  int rows() {
    return x.rows();
  }
}
