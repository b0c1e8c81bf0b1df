package io.octavo.cpu;

import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Tensor;
import java.nio.FloatBuffer;

/** A matrix given a few whole rows at a time: one as it is stored, or the transpose of one. */
interface MatrixStrips {

  int rows();

  int columns();

  /** Rows that are best read together. */
  int height();

  /** Writes rows {@code [first, first + count)} to the front of {@code tile}. */
  void read(int first, int count, float[] tile);

  /** The matrix itself, as many rows at a time as stay in the first cache. */
  static MatrixStrips of(Tensor source) {
    return new Plain(source.rows(), source.columns(), HostBuffer.of(source).floats());
  }

  /** The transpose of a matrix, as many rows at a time as a cache line holds numbers. */
  static MatrixStrips ofTransposeOf(Tensor source) {
    return new TransposeOf(source.columns(), source.rows(), HostBuffer.of(source).floats());
  }

  /** Rows lie one behind the other. */
  record Plain(int rows, int columns, FloatBuffer values) implements MatrixStrips {

    @Override
    public int height() {
      return Tiles.rowsPerBlock(columns);
    }

    @Override
    public void read(int first, int count, float[] tile) {
      values.get(first * columns, tile, 0, count * columns);
    }
  }

  /** Columns lie one behind the other. */
  record TransposeOf(int rows, int columns, FloatBuffer values) implements MatrixStrips {

    @Override
    public int height() {
      return 16;
    }

    @Override
    public void read(int first, int count, float[] tile) {
      for (int column = 0; column < columns; column++) {
        int stored = column * rows + first;
        for (int i = 0; i < count; i++) {
          tile[i * columns + column] = values.get(stored + i);
        }
      }
    }
  }
}
