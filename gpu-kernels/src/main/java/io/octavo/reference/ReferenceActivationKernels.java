package io.octavo.reference;

import io.octavo.kernel.ActivationKernels;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Tensor;

/** SwiGLU, residual add and bias, element by element. */
final class ReferenceActivationKernels implements ActivationKernels {

  @Override
  public void swiGlu(Tensor gate, Tensor up, Tensor out) {
    float[] g = HostBuffer.of(gate).toFloats();
    float[] u = HostBuffer.of(up).toFloats();
    float[] result = new float[g.length];
    for (int i = 0; i < g.length; i++) {
      result[i] = (float) (g[i] * sigmoid(g[i]) * u[i]);
    }
    HostBuffer.of(out).put(result);
  }

  @Override
  public void swiGluBackward(Tensor dout, Tensor gate, Tensor up, Tensor dgate, Tensor dup) {
    float[] d = HostBuffer.of(dout).toFloats();
    float[] g = HostBuffer.of(gate).toFloats();
    float[] u = HostBuffer.of(up).toFloats();
    for (int i = 0; i < g.length; i++) {
      double s = sigmoid(g[i]);
      double silu = g[i] * s;
      double slope = s * (1 + g[i] * (1 - s));
      g[i] = (float) (d[i] * u[i] * slope);
      u[i] = (float) (d[i] * silu);
    }
    HostBuffer.of(dgate).put(g);
    HostBuffer.of(dup).put(u);
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  @Override
  public void add(Tensor source, Tensor target) {
    float[] s = HostBuffer.of(source).toFloats();
    float[] t = HostBuffer.of(target).toFloats();
    for (int i = 0; i < t.length; i++) {
      t[i] += s[i];
    }
    HostBuffer.of(target).put(t);
  }

  @Override
  public void scale(Tensor target, float factor) {
    float[] t = HostBuffer.of(target).toFloats();
    for (int i = 0; i < t.length; i++) {
      t[i] *= factor;
    }
    HostBuffer.of(target).put(t);
  }

  @Override
  public void addBias(Tensor bias, Tensor y) {
    float[] b = HostBuffer.of(bias).toFloats();
    float[] t = HostBuffer.of(y).toFloats();
    for (int i = 0; i < t.length; i++) {
      t[i] += b[i % b.length];
    }
    HostBuffer.of(y).put(t);
  }

  @Override
  public void biasBackward(Tensor dy, Tensor dbias) {
    float[] d = HostBuffer.of(dy).toFloats();
    float[] b = HostBuffer.of(dbias).toFloats();
    for (int c = 0; c < b.length; c++) {
      double sum = 0;
      for (int at = c; at < d.length; at += b.length) {
        sum += d[at];
      }
      b[c] += (float) sum;
    }
    HostBuffer.of(dbias).put(b);
  }
}
