package io.octavo.kernel;

import io.octavo.format.Bfloat16;
import io.octavo.format.CorruptDataException;
import io.octavo.format.ElementFormat;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostWeight;

/** Numbers of a weight on the host, row by row. */
public final class HostWeights {

  private HostWeights() {}

  /** Writes the codes or numbers of a row, before any scale, to {@code target}. */
  public static void row(HostWeight weight, int row, float[] target) {
    int columns = weight.columns();
    int from = row * columns;
    for (int k = 0; k < columns; k++) {
      target[k] = unscaled(weight, from + k);
    }
  }

  private static float unscaled(HostWeight weight, int index) {
    if (weight.type() == DataType.F32) {
      return weight.values().getFloat(4 * index);
    }
    if (weight.type() == DataType.BF16) {
      return Bfloat16.decode(weight.values().getShort(2 * index));
    }
    ElementFormat element = weight.scheme().weight().orElseThrow().element();
    return element.decode(weight.values().get(index) & 0xFF);
  }

  /**
   * Refuses a weight that would make every result NaN.
   *
   * @throws CorruptDataException where a number or scale is not finite
   */
  public static void requireFinite(HostWeight weight) {
    float[] row = new float[weight.columns()];
    for (int n = 0; n < weight.rows(); n++) {
      row(weight, n, row);
      for (int k = 0; k < row.length; k++) {
        if (!Float.isFinite(row[k] * weight.scale(n, k))) {
          throw new CorruptDataException(
              "Cannot serve weight %s: element [%d, %d] is %s times a scale of %s"
                  .formatted(weight.shape(), n, k, row[k], weight.scale(n, k)));
        }
      }
    }
  }
}
