package io.octavo.reference;

import io.octavo.kernel.QuantizeKernels;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;
import io.octavo.tensor.Transposed;
import java.nio.ByteBuffer;

/** Amax of each group, its scale, then each element over its scale, encoded. */
final class ReferenceQuantizeKernels implements QuantizeKernels {

  @Override
  public void quantize(Tensor source, QuantizedTensor target, RandomStream random) {
    quantize(OperandValues.of(source), target, random);
  }

  @Override
  public void quantizeTransposed(Tensor source, Transposed target, RandomStream random) {
    float[] values =
        OperandValues.transpose(OperandValues.of(source), source.rows(), source.columns());
    quantize(values, target.stored(), random);
  }

  private static void quantize(float[] values, QuantizedTensor target, RandomStream random) {
    QuantSpec spec = target.spec();
    int columns = target.codes().columns();
    float[] scales = new float[Math.toIntExact(target.scales().elements())];
    for (int at = 0; at < values.length; at++) {
      int group = OperandValues.scaleIndex(spec.granularity(), columns, at / columns, at % columns);
      float magnitude = Math.abs(values[at]);
      if (magnitude > scales[group] && magnitude < Float.POSITIVE_INFINITY) {
        scales[group] = magnitude;
      }
    }
    for (int group = 0; group < scales.length; group++) {
      scales[group] = spec.scale().scaleFor(scales[group], spec.element());
    }
    ByteBuffer codes = HostBuffer.of(target.codes()).codes();
    for (int at = 0; at < values.length; at++) {
      int group = OperandValues.scaleIndex(spec.granularity(), columns, at / columns, at % columns);
      int bits = random.bits(at);
      codes.put(
          at, (byte) spec.element().encode(values[at] / scales[group], spec.rounding(), bits));
    }
    OperandValues.put(scales, target.scales());
  }

  @Override
  public void dequantize(QuantizedTensor source, Tensor target) {
    OperandValues.put(OperandValues.of(source), target);
  }

  @Override
  public void convert(Tensor source, Tensor target) {
    OperandValues.put(OperandValues.of(source), target);
  }
}
