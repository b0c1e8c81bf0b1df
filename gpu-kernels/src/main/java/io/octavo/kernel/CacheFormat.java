package io.octavo.kernel;

import io.octavo.format.ElementFormat;
import io.octavo.format.IntegerFormat;
import java.util.Optional;

/** How keys and values wait for the tokens after them. */
public enum CacheFormat {
  /** IEEE binary16. */
  FP16(16, Optional.empty()),
  /** E4M3, a scale for each key and each value of a head. */
  FP8(8, Optional.of(ElementFormat.E4M3)),
  /** Symmetric 4-bit integers, likewise. */
  INT4(4, Optional.of(new IntegerFormat(4)));

  private final int bits;
  private final Optional<ElementFormat> element;

  CacheFormat(int bits, Optional<ElementFormat> element) {
    this.bits = bits;
    this.element = element;
  }

  /** Bits of an element. */
  public int bits() {
    return bits;
  }

  /** The format of the codes; none for numbers. */
  public Optional<ElementFormat> element() {
    return element;
  }
}
