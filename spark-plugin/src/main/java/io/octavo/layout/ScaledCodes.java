package io.octavo.layout;

import io.octavo.quant.QuantSpec;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostWeight;
import java.nio.FloatBuffer;
import java.util.Optional;

/** The numbers that codes and scales mean. */
record ScaledCodes(HostWeight weight, float[] values) {

  static ScaledCodes of(StoredWeight stored) {
    return of(
        new HostWeight(
            stored.shape(),
            stored.scheme(),
            DataType.U8,
            stored.codes(),
            stored.scaleValues(),
            Optional.empty()));
  }

  static ScaledCodes of(HostWeight weight) {
    QuantSpec spec = weight.scheme().weight().orElseThrow();
    float[] values = new float[256];
    for (int code = 0; code < values.length; code++) {
      values[code] = spec.element().decode(code & (1 << spec.element().bits()) - 1);
    }
    return new ScaledCodes(weight, values);
  }

  void read(long from, FloatBuffer target) {
    int columns = weight.columns();
    for (long at = from; target.hasRemaining(); at++) {
      int code = weight.values().get((int) at) & 0xFF;
      target.put(values[code] * weight.scale((int) (at / columns), (int) (at % columns)));
    }
  }
}
