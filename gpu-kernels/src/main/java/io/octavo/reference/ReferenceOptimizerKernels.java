package io.octavo.reference;

import io.octavo.kernel.HostOptimizerKernels;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** AdamW: moments are read, updated, used, and only then stored. */
final class ReferenceOptimizerKernels extends HostOptimizerKernels {

  @Override
  protected void update(
      Tensor parameters, Tensor gradients, Moment first, Moment second, AdamWStep step) {
    float[] p = HostBuffer.of(parameters).toFloats();
    float[] g = HostBuffer.of(gradients).toFloats();
    float[] m = read(first, p.length);
    float[] v = read(second, p.length);
    AdamWRule rule = step.rule();
    float correction1 = step.correction1();
    float correction2 = step.correction2();
    for (int i = 0; i < p.length; i++) {
      float gradient = g[i] * step.gradientFactor();
      m[i] = rule.beta1() * m[i] + (1 - rule.beta1()) * gradient;
      v[i] = rule.beta2() * v[i] + (1 - rule.beta2()) * gradient * gradient;
      float root = (float) Math.sqrt(v[i]);
      float denominator = (root / correction2 + rule.epsilon()) * correction1;
      p[i] -= step.learningRate() * (m[i] / denominator + rule.weightDecay() * p[i]);
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
      OperandValues.put(values, plain.values());
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

  @Override
  public void reset(Moment moment) {
    if (moment instanceof PlainMoment plain) {
      HostBuffer.of(plain.values()).fillZero();
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
  protected double sum(Tensor values) {
    double sum = 0;
    for (float value : HostBuffer.of(values).toFloats()) {
      sum += value;
    }
    return sum;
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
