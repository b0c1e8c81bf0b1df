package io.octavo.reference;

import io.octavo.kernel.NormKernels;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Operand;
import io.octavo.tensor.Tensor;
import java.nio.FloatBuffer;

/** RMSNorm row by row. */
final class ReferenceNormKernels implements NormKernels {

  @Override
  public void rmsNorm(Operand x, Tensor weight, float eps, Tensor y, Tensor rstd) {
    int columns = y.columns();
    float[] in = OperandValues.of(x);
    float[] gain = HostBuffer.of(weight).toFloats();
    float[] out = new float[in.length];
    float[] inverse = new float[y.rows()];
    for (int row = 0; row < inverse.length; row++) {
      double squares = 0;
      for (int c = 0; c < columns; c++) {
        double value = in[row * columns + c];
        squares += value * value;
      }
      inverse[row] = (float) (1 / Math.sqrt(squares / columns + eps));
      for (int c = 0; c < columns; c++) {
        out[row * columns + c] = in[row * columns + c] * inverse[row] * gain[c];
      }
    }
    HostBuffer.of(y).put(out);
    HostBuffer.of(rstd).put(inverse);
  }

  @Override
  public void rmsNormBackward(
      Tensor dy, Operand x, Tensor weight, Tensor rstd, Tensor dx, Tensor dweight) {
    int columns = dx.columns();
    float[] dout = HostBuffer.of(dy).toFloats();
    float[] in = OperandValues.of(x);
    float[] gain = HostBuffer.of(weight).toFloats();
    float[] inverse = HostBuffer.of(rstd).toFloats();
    float[] din = HostBuffer.of(dx).toFloats();
    float[] dgain = HostBuffer.of(dweight).toFloats();
    double[] gainSums = new double[columns];
    for (int row = 0; row < inverse.length; row++) {
      double dot = 0;
      for (int c = 0; c < columns; c++) {
        int at = row * columns + c;
        dot += (double) dout[at] * gain[c] * in[at];
        gainSums[c] += (double) dout[at] * in[at] * inverse[row];
      }
      double r = inverse[row];
      for (int c = 0; c < columns; c++) {
        int at = row * columns + c;
        din[at] += (float) (r * dout[at] * gain[c] - in[at] * r * r * r * dot / columns);
      }
    }
    for (int c = 0; c < columns; c++) {
      dgain[c] += (float) gainSums[c];
    }
    HostBuffer.of(dx).put(din);
    HostBuffer.of(dweight).put(dgain);
  }

  @Override
  public void rmsNormHeads(Tensor x, int firstHead, int heads, Tensor weight, float eps) {
    FloatBuffer values = HostBuffer.of(x).floats();
    FloatBuffer gain = HostBuffer.of(weight).floats();
    int size = Math.toIntExact(weight.elements());
    for (int m = 0; m < x.rows(); m++) {
      for (int head = firstHead; head < firstHead + heads; head++) {
        int at = m * x.columns() + head * size;
        double squares = 0;
        for (int d = 0; d < size; d++) {
          squares += (double) values.get(at + d) * values.get(at + d);
        }
        double r = 1 / Math.sqrt(squares / size + eps);
        for (int d = 0; d < size; d++) {
          values.put(at + d, (float) (values.get(at + d) * r * gain.get(d)));
        }
      }
    }
  }
}
