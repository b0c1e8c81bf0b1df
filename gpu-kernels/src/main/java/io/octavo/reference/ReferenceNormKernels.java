package io.octavo.reference;

import io.octavo.kernel.NormKernels;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Operand;
import io.octavo.tensor.Tensor;

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
}
