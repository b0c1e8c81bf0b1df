package io.octavo.cpu;

import io.octavo.kernel.NormKernels;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Operand;
import io.octavo.tensor.Tensor;
import java.nio.FloatBuffer;

/** RMSNorm over blocks of rows. */
final class CpuNormKernels implements NormKernels {

  /** Rows whose contribution to the weight's gradient is summed before blocks are. */
  private static final int BLOCK_ROWS = 64;

  private final Tiles tiles;
  private final FloatLoops loops;

  CpuNormKernels(Tiles tiles, FloatLoops loops) {
    this.tiles = tiles;
    this.loops = loops;
  }

  @Override
  public void rmsNorm(Operand x, Tensor weight, float eps, Tensor y, Tensor rstd) {
    int columns = y.columns();
    float[] gain = HostBuffer.of(weight).toFloats();
    RowReader in = RowReader.of(x, tiles);
    FloatBuffer out = HostBuffer.of(y).floats();
    FloatBuffer inverse = HostBuffer.of(rstd).floats();
    tiles.forRanges(
        y.rows(),
        Tiles.rowsPerBlock(columns),
        (from, to) -> {
          float[] row = tiles.floats(0, columns);
          for (int m = from; m < to; m++) {
            in.read(m, 0, columns, row, 0);
            float squares = loops.dot(row, 0, row, 0, columns);
            float r = (float) (1 / Math.sqrt(squares / columns + eps));
            for (int c = 0; c < columns; c++) {
              row[c] = row[c] * r * gain[c];
            }
            out.put(m * columns, row, 0, columns);
            inverse.put(m, r);
          }
        });
  }

  @Override
  public void rmsNormBackward(
      Tensor dy, Operand x, Tensor weight, Tensor rstd, Tensor dx, Tensor dweight) {
    int columns = dx.columns();
    int blocks = (dx.rows() + BLOCK_ROWS - 1) / BLOCK_ROWS;
    float[] partial = new float[blocks * columns];
    float[] gain = HostBuffer.of(weight).toFloats();
    FloatBuffer dout = HostBuffer.of(dy).floats();
    RowReader in = RowReader.of(x, tiles);
    FloatBuffer inverse = HostBuffer.of(rstd).floats();
    FloatBuffer din = HostBuffer.of(dx).floats();
    tiles.forRanges(
        dx.rows(),
        BLOCK_ROWS,
        (from, to) -> {
          float[] d = tiles.floats(0, columns);
          float[] row = tiles.floats(1, columns);
          float[] result = tiles.floats(2, columns);
          int sums = from / BLOCK_ROWS * columns;
          for (int m = from; m < to; m++) {
            dout.get(m * columns, d, 0, columns);
            in.read(m, 0, columns, row, 0);
            din.get(m * columns, result, 0, columns);
            float r = inverse.get(m);
            for (int c = 0; c < columns; c++) {
              partial[sums + c] += d[c] * row[c] * r;
            }
            for (int c = 0; c < columns; c++) {
              d[c] *= gain[c];
            }
            float dot = loops.dot(d, 0, row, 0, columns);
            float factor = r * r * r * dot / columns;
            for (int c = 0; c < columns; c++) {
              result[c] += r * d[c] - row[c] * factor;
            }
            din.put(m * columns, result, 0, columns);
          }
        });
    ColumnSums.add(partial, blocks, columns, HostBuffer.of(dweight));
  }

  @Override
  public void rmsNormHeads(Tensor x, int firstHead, int heads, Tensor weight, float eps) {
    FloatBuffer values = HostBuffer.of(x).floats();
    float[] gain = HostBuffer.of(weight).toFloats();
    int size = gain.length;
    tiles.forRanges(
        x.rows(),
        Tiles.rowsPerBlock(heads * size),
        (from, to) -> {
          float[] row = tiles.floats(0, heads * size);
          for (int m = from; m < to; m++) {
            int at = m * x.columns() + firstHead * size;
            values.get(at, row, 0, heads * size);
            for (int head = 0; head < heads * size; head += size) {
              float squares = loops.dot(row, head, row, head, size);
              float r = (float) (1 / Math.sqrt(squares / size + eps));
              for (int d = 0; d < size; d++) {
                row[head + d] = row[head + d] * r * gain[d];
              }
            }
            values.put(at, row, 0, heads * size);
          }
        });
  }
}
