package io.octavo.model;

import io.octavo.tensor.CastTarget;
import io.octavo.tensor.Tensor;
import java.util.Optional;

/**
 * A weight whose casts are made where it is updated.
 *
 * @param from where it starts in its unit's flat vector
 * @param matrix its numbers there, and its casts
 * @param history of its amax, where its scale is delayed
 */
public record UpdatedWeight(long from, CastTarget matrix, Optional<Tensor> history) {

  /** Where it ends in its unit's flat vector. */
  public long end() {
    return from + matrix.values().elements();
  }
}
