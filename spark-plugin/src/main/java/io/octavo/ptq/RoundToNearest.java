package io.octavo.ptq;

import io.octavo.format.CorruptDataException;
import io.octavo.format.ElementFormat;
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
    measure(name, values, weight, spec, scales);
    ScaleConstraint.Constrained constrained =
        constraint.constrain(scales, Math.toIntExact(groups.columns()));
    System.arraycopy(constrained.scales(), 0, scales, 0, scales.length);
    encode(values, weight, spec, codes);
    return new QuantizedWeight(weight, QuantizationError.of(values, weight), constrained.clamped());
  }

  private static void measure(
      String name, float[] values, HostWeight weight, QuantSpec spec, float[] scales) {
    for (int i = 0; i < values.length; i++) {
      float magnitude = Math.abs(values[i]);
      if (!Float.isFinite(magnitude)) {
        throw new CorruptDataException(
            "Cannot quantize %s: element [%d, %d] is %s"
                .formatted(name, i / weight.columns(), i % weight.columns(), values[i]));
      }
      int group = weight.scaleIndex(i / weight.columns(), i % weight.columns());
      scales[group] = Math.max(scales[group], magnitude);
    }
    for (int group = 0; group < scales.length; group++) {
      boolean empty = scales[group] == 0;
      scales[group] = empty ? 0 : spec.scale().scaleFor(scales[group], spec.element());
    }
  }

  private static void encode(float[] values, HostWeight weight, QuantSpec spec, ByteBuffer codes) {
    ElementFormat element = spec.element();
    for (int i = 0; i < values.length; i++) {
      float scale = weight.scale(i / weight.columns(), i % weight.columns());
      codes.put(i, (byte) element.encode(values[i] / scale, spec.rounding(), 0));
    }
  }
}
