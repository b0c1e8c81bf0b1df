package io.octavo.reference;

import io.octavo.kernel.QuantizeKernels;
import io.octavo.quant.AmaxHistory;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.tensor.CastTarget;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Operand;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Shape;
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
    scaleAndEncode(values, amaxOfGroups(values, target), target, random);
  }

  @Override
  public void castDelayed(CastTarget target, Tensor history, RandomStream random) {
    float[] state = OperandValues.of(history);
    new AmaxHistory(state).advance();
    OperandValues.put(state, history);
    recastDelayed(target, history, random);
  }

  @Override
  public void recastDelayed(CastTarget target, Tensor history, RandomStream random) {
    Tensor source = target.values();
    float[] values = OperandValues.of(source);
    float own = 0;
    for (float value : values) {
      own = Float.isFinite(value) ? Math.max(own, Math.abs(value)) : own;
    }
    float[] state = OperandValues.of(history);
    AmaxHistory casts = new AmaxHistory(state);
    float[] amax = {casts.largestOr(own)};
    for (Operand cast : target.casts()) {
      if (cast instanceof QuantizedTensor quantized) {
        scaleAndEncode(values, amax, quantized, random);
      } else if (cast instanceof Transposed transposed) {
        float[] turned = OperandValues.transpose(values, source.rows(), source.columns());
        scaleAndEncode(turned, amax, transposed.stored(), random);
      } else {
        convert(source, (Tensor) cast);
      }
    }
    casts.note(own);
    OperandValues.put(state, history);
  }

  /** Largest finite magnitude of what shares each scale. */
  private static float[] amaxOfGroups(float[] values, QuantizedTensor target) {
    QuantSpec spec = target.spec();
    int columns = target.codes().columns();
    Shape groups = QuantizedTensor.scaleShape(spec.granularity(), target.shape());
    float[] amax = new float[Math.toIntExact(groups.elements())];
    for (int at = 0; at < values.length; at++) {
      int group = OperandValues.scaleIndex(spec.granularity(), columns, at / columns, at % columns);
      float magnitude = Math.abs(values[at]);
      if (magnitude > amax[group] && magnitude < Float.POSITIVE_INFINITY) {
        amax[group] = magnitude;
      }
    }
    return amax;
  }

  private static void scaleAndEncode(
      float[] values, float[] amax, QuantizedTensor target, RandomStream random) {
    QuantSpec spec = target.spec();
    int columns = target.codes().columns();
    float[] scales = new float[amax.length];
    for (int group = 0; group < scales.length; group++) {
      scales[group] = spec.scale().scaleFor(amax[group], spec.element());
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
