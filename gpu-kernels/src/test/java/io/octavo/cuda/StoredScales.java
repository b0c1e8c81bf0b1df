package io.octavo.cuda;

import io.octavo.quant.Granularity;
import io.octavo.tensor.QuantizedTensor;

/** Scales as a GPU stores them, for tests that are written for any backend. */
public final class StoredScales {

  private StoredScales() {}

  /** The scales of a cast on a GPU in the order of the host, without padding. */
  public static float[] inHostOrder(QuantizedTensor cast, float[] stored) {
    Granularity granularity = cast.spec().granularity();
    int rows = Math.toIntExact(granularity.scaleRows(cast.codes().rows()));
    int columns = Math.toIntExact(granularity.scaleColumns(cast.codes().columns()));
    ScaleOrder order = ScaleOrder.of(cast);
    float[] scales = new float[rows * columns];
    for (int i = 0; i < scales.length; i++) {
      scales[i] = stored[Math.toIntExact(i / columns * order.row() + i % columns * order.column())];
    }
    return scales;
  }
}
