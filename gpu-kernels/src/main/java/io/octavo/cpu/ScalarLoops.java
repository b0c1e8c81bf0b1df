package io.octavo.cpu;

import io.octavo.format.Minifloat;
import io.octavo.format.Rounding;

/** The loops in plain Java: the fallback, and the oracle of {@link VectorLoops}. */
final class ScalarLoops implements FloatLoops {

  @Override
  public String name() {
    return "scalar";
  }

  @Override
  public float dot(float[] a, int aFrom, float[] b, int bFrom, int count) {
    float sum0 = 0;
    float sum1 = 0;
    int i = 0;
    for (; i + 1 < count; i += 2) {
      sum0 += a[aFrom + i] * b[bFrom + i];
      sum1 += a[aFrom + i + 1] * b[bFrom + i + 1];
    }
    return i < count ? sum0 + sum1 + a[aFrom + i] * b[bFrom + i] : sum0 + sum1;
  }

  @Override
  public float sum(float[] a, int from, int count) {
    double sum = 0;
    for (int i = from; i < from + count; i++) {
      sum += a[i];
    }
    return (float) sum;
  }

  @Override
  public float max(float[] a, int from, int count) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = from; i < from + count; i++) {
      max = Math.max(max, a[i]);
    }
    return max;
  }

  @Override
  public float amax(float[] a, int from, int count) {
    float max = 0;
    for (int i = from; i < from + count; i++) {
      float magnitude = Math.abs(a[i]);
      if (magnitude > max && magnitude < Float.POSITIVE_INFINITY) {
        max = magnitude;
      }
    }
    return max;
  }

  @Override
  public float leastNonZero(float[] a, int from, int count) {
    float least = Float.POSITIVE_INFINITY;
    for (int i = from; i < from + count; i++) {
      float magnitude = Math.abs(a[i]);
      // Zero counts as infinite, without a branch.
      least = Math.min(least, magnitude == 0 ? Float.POSITIVE_INFINITY : magnitude);
    }
    return least;
  }

  @Override
  public float expAndSum(float[] a, int from, int count, float shift) {
    double sum = 0;
    for (int i = from; i < from + count; i++) {
      a[i] = (float) Math.exp(a[i] - shift);
      sum += a[i];
    }
    return (float) sum;
  }

  @Override
  public void swiGlu(float[] gate, float[] up, float[] out, int count) {
    for (int i = 0; i < count; i++) {
      out[i] = gate[i] * sigmoid(gate[i]) * up[i];
    }
  }

  @Override
  public void swiGluBackward(float[] dout, float[] gate, float[] up, int count) {
    for (int i = 0; i < count; i++) {
      float s = sigmoid(gate[i]);
      float silu = gate[i] * s;
      float slope = s * (1 + gate[i] * (1 - s));
      gate[i] = dout[i] * up[i] * slope;
      up[i] = dout[i] * silu;
    }
  }

  private static float sigmoid(float x) {
    return (float) (1 / (1 + Math.exp(-x)));
  }

  @Override
  public void encode(Minifloat format, float[] a, float scale, int[] codes, int count) {
    for (int i = 0; i < count; i++) {
      codes[i] = format.encode(a[i] / scale, Rounding.NEAREST_EVEN, 0);
    }
  }

  @Override
  public void powMagnitude(float[] a, int count, float exponent) {
    for (int i = 0; i < count; i++) {
      a[i] = (float) Math.pow(Math.abs(a[i]), exponent);
    }
  }
}
