package io.octavo.examples.bench;

import io.octavo.kernel.Backend;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.quant.Recipe;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;

/** Activations as the recipe {@code coat} keeps them until the backward pass. */
final class KeptCodes {

  private KeptCodes() {}

  static QuantizedTensor of(DeviceTensors memory, Backend backend, Tensor values) {
    QuantSpec spec = ((Recipe.Cast.Quantize) new Recipe.Coat().activationCast()).spec();
    QuantizedTensor codes = LinearCasts.codes(memory, spec, values.rows(), values.columns());
    backend.quantize().quantize(values, codes, RandomStream.NONE);
    return codes;
  }
}
