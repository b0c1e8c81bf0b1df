package io.octavo.cuda;

import io.octavo.quant.QuantSpec;
import io.octavo.tensor.CastTarget;
import io.octavo.tensor.Operand;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Transposed;
import java.util.Optional;

/**
 * Casts that one kernel makes: of a matrix, of its transpose, or of both by one spec.
 *
 * @param spec of what is present, which something is
 */
record CastPair(
    QuantSpec spec, Optional<QuantizedTensor> plain, Optional<QuantizedTensor> transposed) {

  /** The casts of {@code target}, where they are a pair that {@link TileCasts} could make. */
  static Optional<CastPair> of(CastTarget target) {
    Optional<QuantizedTensor> plain = Optional.empty();
    Optional<QuantizedTensor> transposed = Optional.empty();
    for (Operand cast : target.casts()) {
      if (cast instanceof QuantizedTensor quantized
          && plain.isEmpty()
          && TileCasts.fits(target.values(), quantized)) {
        plain = Optional.of(quantized);
      } else if (cast instanceof Transposed of
          && transposed.isEmpty()
          && TileCasts.fitsTransposed(target.values(), of.stored())) {
        transposed = Optional.of(of.stored());
      } else {
        return Optional.empty();
      }
    }
    return both(plain, transposed);
  }

  private static Optional<CastPair> both(
      Optional<QuantizedTensor> plain, Optional<QuantizedTensor> transposed) {
    Optional<QuantSpec> spec = plain.or(() -> transposed).map(QuantizedTensor::spec);
    boolean alike = transposed.map(QuantizedTensor::spec).or(() -> spec).equals(spec);
    return spec.filter(any -> alike).map(of -> new CastPair(of, plain, transposed));
  }
}
