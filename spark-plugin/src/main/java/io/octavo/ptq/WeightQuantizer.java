package io.octavo.ptq;

import io.octavo.quant.WeightScheme;
import io.octavo.tensor.Shape;

/** Turns the numbers of a linear layer's weight into codes and scales. */
public interface WeightQuantizer {

  /**
   * Casts a weight.
   *
   * @param name of the weight, such as {@code model.layers.0.mlp.down_proj.weight}
   * @param values row-major {@code [N, K]}
   * @param scheme with a cast of weights
   */
  QuantizedWeight quantize(
      String name, float[] values, Shape shape, WeightScheme scheme, Calibration calibration);
}
