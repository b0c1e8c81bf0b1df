package io.octavo.reference;

import io.octavo.kernel.ActivationKernels;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Operand;
import io.octavo.tensor.Tensor;

/** SwiGLU, residual add and bias, element by element. */
final class ReferenceActivationKernels implements ActivationKernels {

  @Override
  public void swiGlu(Operand gateUp, Tensor out) {
    float[] both = OperandValues.of(gateUp);
    int width = out.columns();
    float[] result = new float[Math.toIntExact(out.elements())];
    for (int i = 0; i < result.length; i++) {
      int gateAt = i / width * 2 * width + i % width;
      float gate = both[gateAt];
      result[i] = (float) (gate * sigmoid(gate) * both[gateAt + width]);
    }
    HostBuffer.of(out).put(result);
  }

  @Override
  public void swiGluBackward(Tensor dout, Operand gateUp, Tensor dGateUp) {
    float[] d = HostBuffer.of(dout).toFloats();
    float[] both = OperandValues.of(gateUp);
    int width = dout.columns();
    for (int i = 0; i < d.length; i++) {
      int gateAt = i / width * 2 * width + i % width;
      float gate = both[gateAt];
      float up = both[gateAt + width];
      double s = sigmoid(gate);
      double silu = gate * s;
      double slope = s * (1 + gate * (1 - s));
      both[gateAt] = (float) (d[i] * up * slope);
      both[gateAt + width] = (float) (d[i] * silu);
    }
    HostBuffer.of(dGateUp).put(both);
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
