package io.octavo.reference;

import io.octavo.format.Bfloat16;
import io.octavo.kernel.QuantizeKernels;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ShortBuffer;

/** Amax of each group, its scale, then each element over its scale, encoded. */
final class ReferenceQuantizeKernels implements QuantizeKernels {

  @Override
  public void quantize(Tensor source, QuantizedTensor target, RandomStream random) {
    QuantSpec spec = target.spec();
    int columns = source.columns();
    float[] values = HostBuffer.of(source).toFloats();
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
    HostBuffer.of(target.scales()).put(scales);
  }

  @Override
  public void dequantize(QuantizedTensor source, Tensor target) {
    HostBuffer.of(target).put(OperandValues.of(source));
  }

  @Override
  public void convert(Tensor source, Tensor target) {
    if (target.type() == DataType.F32) {
      HostBuffer.of(target).put(OperandValues.of(source));
      return;
    }
    float[] values = HostBuffer.of(source).toFloats();
    ShortBuffer codes = HostBuffer.of(target).shorts();
    for (int i = 0; i < values.length; i++) {
      codes.put(i, Bfloat16.encode(values[i]));
    }
  }
}
