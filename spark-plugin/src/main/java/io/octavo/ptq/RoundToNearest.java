package io.octavo.ptq;

import io.octavo.format.CorruptDataException;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.WeightScheme;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostWeight;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Optional;

/**
 * Every number becomes the nearest code; scales are the smallest that clip nothing, constrained.
 */
public record RoundToNearest(ScaleConstraint constraint) implements WeightQuantizer {

  @Override
  public QuantizedWeight quantize(
      String name, float[] values, Shape shape, WeightScheme scheme, Calibration calibration) {
    QuantSpec spec = scheme.weight().orElseThrow();
    Shape groups = QuantizedTensor.scaleShape(spec.granularity(), shape);
    float[] scales = new float[Math.toIntExact(groups.elements())];
    ByteBuffer codes = ByteBuffer.allocate(values.length).order(ByteOrder.LITTLE_ENDIAN);
    HostWeight weight =
        new HostWeight(
            shape, scheme, DataType.U8, codes, FloatBuffer.wrap(scales), Optional.empty());
    measure(name, values, weight, scales);
    for (int group = 0; group < scales.length; group++) {
      boolean empty = scales[group] == 0;
      scales[group] = empty ? 0 : spec.scale().scaleFor(scales[group], spec.element());
    }
    ScaleConstraint.Constrained constrained =
        constraint.constrain(scales, Math.toIntExact(groups.columns()));
    System.arraycopy(constrained.scales(), 0, scales, 0, scales.length);
    CodeTable table = CodeTable.of(spec.element());
    ScaleRuns.forEach(
        weight, (from, to, scale) -> encode(values, from, to, scales[scale], table, codes.array()));
    return new QuantizedWeight(
        weight, QuantizationError.of(values, weight, table), constrained.clamped());
  }

  /** Largest magnitudes of what shares a scale. */
  private static void measure(String name, float[] values, HostWeight weight, float[] amax) {
    ScaleRuns.forEach(
        weight,
        (from, to, scale) -> {
          float most = amax[scale];
          for (int i = from; i < to; i++) {
            float magnitude = Math.abs(values[i]);
            if (!(magnitude < Float.POSITIVE_INFINITY)) {
              throw new CorruptDataException(
                  "Cannot quantize %s: element [%d, %d] is %s"
                      .formatted(name, i / weight.columns(), i % weight.columns(), values[i]));
            }
            most = Math.max(most, magnitude);
          }
          amax[scale] = most;
        });
  }

  private static void encode(
      float[] values, int from, int to, float scale, CodeTable table, byte[] codes) {
    for (int i = from; i < to; i++) {
      codes[i] = table.encode(values[i] / scale);
    }
  }
}
