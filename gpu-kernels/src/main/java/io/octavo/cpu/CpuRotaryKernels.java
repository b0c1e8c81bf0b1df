package io.octavo.cpu;

import io.octavo.kernel.RotaryKernels;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Tensor;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;

/** Rotary embedding over blocks of rows. */
final class CpuRotaryKernels implements RotaryKernels {

  private final Tiles tiles;

  CpuRotaryKernels(Tiles tiles) {
    this.tiles = tiles;
  }

  @Override
  public void rotate(
      Tensor x, int heads, Tensor positions, Tensor cosine, Tensor sine, Direction direction) {
    int half = cosine.columns();
    int columns = x.columns();
    int rotated = heads * 2 * half;
    float sign = direction == Direction.FORWARD ? 1 : -1;
    FloatBuffer values = HostBuffer.of(x).floats();
    IntBuffer position = HostBuffer.of(positions).ints();
    FloatBuffer cosines = HostBuffer.of(cosine).floats();
    FloatBuffer sines = HostBuffer.of(sine).floats();
    tiles.forRanges(
        x.rows(),
        Tiles.rowsPerBlock(rotated),
        (from, to) -> {
          float[] row = tiles.floats(0, rotated);
          float[] cos = tiles.floats(1, half);
          float[] sin = tiles.floats(2, half);
          for (int m = from; m < to; m++) {
            values.get(m * columns, row, 0, rotated);
            cosines.get(position.get(m) * half, cos, 0, half);
            sines.get(position.get(m) * half, sin, 0, half);
            for (int head = 0; head < rotated; head += 2 * half) {
              rotate(row, head, half, cos, sin, sign);
            }
            values.put(m * columns, row, 0, rotated);
          }
        });
  }

  private static void rotate(
      float[] row, int head, int half, float[] cos, float[] sin, float sign) {
    for (int j = 0; j < half; j++) {
      float a = row[head + j];
      float b = row[head + half + j];
      float s = sign * sin[j];
      row[head + j] = a * cos[j] - b * s;
      row[head + half + j] = b * cos[j] + a * s;
    }
  }
}
