package io.octavo.kernel;

import io.octavo.quant.WeightScheme;
import io.octavo.tensor.Shape;

/** A weight on a device, in the order that the products of its backend want. */
public interface PackedWeight extends AutoCloseable {

  /** {@code [N, K]}. */
  Shape shape();

  /** How it is stored and its input cast. */
  WeightScheme scheme();

  /** Memory it takes. */
  long bytes();

  @Override
  void close();
}
