package io.octavo.reference;

import io.octavo.format.Bfloat16;
import io.octavo.kernel.OptimizerKernels;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** AdamW: moments are read, updated, used, and only then stored. */
final class ReferenceOptimizerKernels implements OptimizerKernels {

  @Override
  public void adamW(
      Tensor parameters, Tensor gradients, Moment first, Moment second, AdamWStep step) {
    float[] p = HostBuffer.of(parameters).toFloats();
    float[] g = HostBuffer.of(gradients).toFloats();
    float[] m = read(first, p.length);
    float[] v = read(second, p.length);
    float correction1 = (float) (1 - Math.pow(step.beta1(), step.step()));
    float correction2 = (float) Math.sqrt(1 - Math.pow(step.beta2(), step.step()));
    for (int i = 0; i < p.length; i++) {
      float gradient = g[i] * step.gradientFactor();
      m[i] = step.beta1() * m[i] + (1 - step.beta1()) * gradient;
      v[i] = step.beta2() * v[i] + (1 - step.beta2()) * gradient * gradient;
      float root = (float) Math.sqrt(v[i]);
      float denominator = (root / correction2 + step.epsilon()) * correction1;
      p[i] -= step.learningRate() * (m[i] / denominator + step.weightDecay() * p[i]);
    }
    HostBuffer.of(parameters).put(p);
    write(first, m);
    write(second, v);
  }

  private static float[] read(Moment moment, int elements) {
    if (moment instanceof PlainMoment plain) {
      return OperandValues.of(plain.values());
    }
    Fp8Moment stored = (Fp8Moment) moment;
    ByteBuffer codes = HostBuffer.of(stored.codes()).codes();
    float[] scales = HostBuffer.of(stored.scales()).toFloats();
    float[] exponents = HostBuffer.of(stored.exponents()).toFloats();
    float[] centres = HostBuffer.of(stored.centres()).toFloats();
    float[] values = new float[elements];
    for (int i = 0; i < elements; i++) {
      int group = i / GROUP;
      ExpandedMoment expanded = new ExpandedMoment(scales[group], exponents[group], centres[group]);
      values[i] = expanded.decode(codes.get(i));
    }
    return values;
  }

  private static void write(Moment moment, float[] values) {
    if (moment instanceof PlainMoment plain) {
      writePlain(plain.values(), values);
      return;
    }
    Fp8Moment stored = (Fp8Moment) moment;
    ByteBuffer codes = HostBuffer.of(stored.codes()).codes();
    for (int from = 0; from < values.length; from += GROUP) {
      int to = Math.min(from + GROUP, values.length);
      ExpandedMoment expanded = ExpandedMoment.of(values, from, to);
      for (int i = from; i < to; i++) {
        codes.put(i, expanded.encode(values[i]));
      }
      int group = from / GROUP;
      HostBuffer.of(stored.scales()).floats().put(group, expanded.scale());
      HostBuffer.of(stored.exponents()).floats().put(group, expanded.exponent());
      HostBuffer.of(stored.centres()).floats().put(group, expanded.centre());
    }
  }

  private static void writePlain(Tensor target, float[] values) {
    HostBuffer buffer = HostBuffer.of(target);
    if (target.type() == DataType.F32) {
      buffer.put(values);
      return;
    }
    for (int i = 0; i < values.length; i++) {
      buffer.shorts().put(i, Bfloat16.encode(values[i]));
    }
  }

  @Override
  public void reset(Moment moment) {
    if (moment instanceof PlainMoment plain) {
      writePlain(plain.values(), new float[Math.toIntExact(plain.values().elements())]);
      return;
    }
    Fp8Moment stored = (Fp8Moment) moment;
    HostBuffer.of(stored.codes()).codes().put(0, new byte[(int) stored.codes().elements()]);
    fill(stored.scales(), 0);
    fill(stored.exponents(), 1);
    fill(stored.centres(), 1);
  }

  private static void fill(Tensor tensor, float value) {
    float[] values = new float[Math.toIntExact(tensor.elements())];
    Arrays.fill(values, value);
    HostBuffer.of(tensor).put(values);
  }

  @Override
  public double sumOfSquares(Tensor values) {
    double sum = 0;
    for (float value : HostBuffer.of(values).toFloats()) {
      sum += (double) value * value;
    }
    return sum;
  }
}
