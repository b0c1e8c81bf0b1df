package io.octavo.cuda;

import io.octavo.tensor.Tensor;
import java.util.Optional;

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
    NORM("norm", "norm"),
    SWIGLU("swiglu", "swiglu");

    private final String cast;
    private final String multiplied;

    Made(String cast, String multiplied) {
      this.cast = cast;
      this.multiplied = multiplied;
    }

    String cast() {
      return cast;
    }

    String multiplied() {
      return multiplied;
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
