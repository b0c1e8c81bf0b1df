package io.octavo.quant;

import io.octavo.format.ElementFormat;
import io.octavo.format.IntegerFormat;
import java.util.Optional;

/**
 * How the input of a linear layer is cast when a model is served: each token by its own scale, so
 * that what a row gives does not depend on the rows beside it.
 */
public enum ActivationCast {
  /** Not at all: weight-only quantization, or none. */
  NONE(Optional.empty()),
  /** To E4M3. */
  E4M3(Optional.of(ElementFormat.E4M3)),
  /** To symmetric 8-bit integers. */
  INT8(Optional.of(new IntegerFormat(8)));

  private final Optional<ElementFormat> element;

  ActivationCast(Optional<ElementFormat> element) {
    this.element = element;
  }

  /** The format of the codes; none where there are none. */
  public Optional<ElementFormat> element() {
    return element;
  }
}
