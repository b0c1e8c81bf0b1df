package io.octavo.reference;

import io.octavo.kernel.RotaryKernels;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Tensor;

/** Rotates pairs {@code (j, j + D/2)} of the first heads. */
final class ReferenceRotaryKernels implements RotaryKernels {

  @Override
  public void rotate(
      Tensor x, int heads, Tensor positions, Tensor cosine, Tensor sine, Direction direction) {
    int half = cosine.columns();
    int columns = x.columns();
    float[] values = HostBuffer.of(x).toFloats();
    int[] position = HostBuffer.of(positions).toInts();
    float[] cos = HostBuffer.of(cosine).toFloats();
    float[] sin = HostBuffer.of(sine).toFloats();
    float sign = direction == Direction.FORWARD ? 1 : -1;
    for (int row = 0; row < position.length; row++) {
      for (int head = 0; head < heads; head++) {
        for (int j = 0; j < half; j++) {
          int low = row * columns + head * 2 * half + j;
          float c = cos[position[row] * half + j];
          float s = sign * sin[position[row] * half + j];
          float a = values[low];
          float b = values[low + half];
          values[low] = a * c - b * s;
          values[low + half] = b * c + a * s;
        }
      }
    }
    HostBuffer.of(x).put(values);
  }
}
