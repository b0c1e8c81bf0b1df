package io.octavo.cpu;

import io.octavo.kernel.ActivationKernels;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Operand;
import io.octavo.tensor.Tensor;
import java.nio.FloatBuffer;

/** SwiGLU, residual add and bias over blocks of elements or rows. */
final class CpuActivationKernels implements ActivationKernels {

  private static final int BLOCK_ROWS = 64;

  private final Tiles tiles;
  private final FloatLoops loops;

  CpuActivationKernels(Tiles tiles, FloatLoops loops) {
    this.tiles = tiles;
    this.loops = loops;
  }

  @Override
  public void swiGlu(Operand gateUp, Tensor out) {
    int width = out.columns();
    RowReader in = RowReader.of(gateUp, tiles);
    FloatBuffer outs = HostBuffer.of(out).floats();
    tiles.forRanges(
        out.rows(),
        Tiles.rowsPerBlock(width),
        (from, to) -> {
          int count = (to - from) * width;
          float[] gates = tiles.floats(0, count);
          float[] ups = tiles.floats(1, count);
          readHalves(in, from, to, width, gates, ups);
          loops.swiGlu(gates, ups, gates, count);
          outs.put(from * width, gates, 0, count);
        });
  }

  /** Rows as one run of gates and one of ups: the loops' remainders come once, not every row. */
  private static void readHalves(
      RowReader in, int from, int to, int width, float[] gates, float[] ups) {
    for (int row = from; row < to; row++) {
      in.read(row, 0, width, gates, (row - from) * width);
      in.read(row, width, width, ups, (row - from) * width);
    }
  }

  @Override
  public void swiGluBackward(Tensor dout, Operand gateUp, Tensor dGateUp) {
    int width = dout.columns();
    RowReader in = RowReader.of(gateUp, tiles);
    FloatBuffer douts = HostBuffer.of(dout).floats();
    FloatBuffer results = HostBuffer.of(dGateUp).floats();
    tiles.forRanges(
        dout.rows(),
        Tiles.rowsPerBlock(width),
        (from, to) -> {
          int count = (to - from) * width;
          float[] gates = tiles.floats(0, count);
          float[] ups = tiles.floats(1, count);
          float[] gradients = tiles.floats(2, count);
          readHalves(in, from, to, width, gates, ups);
          douts.get(from * width, gradients, 0, count);
          loops.swiGluBackward(gradients, gates, ups, count);
          for (int row = from; row < to; row++) {
            results.put(row * 2 * width, gates, (row - from) * width, width);
            results.put((row * 2 + 1) * width, ups, (row - from) * width, width);
          }
        });
  }

  @Override
  public void add(Tensor source, Tensor target) {
    FloatBuffer sources = HostBuffer.of(source).floats();
    FloatBuffer targets = HostBuffer.of(target).floats();
    forBlocks(
        target,
        (from, to) -> {
          float[] s = read(sources, 0, from, to);
          float[] t = read(targets, 1, from, to);
          for (int i = 0; i < to - from; i++) {
            t[i] += s[i];
          }
          targets.put(from, t, 0, to - from);
        });
  }

  @Override
  public void scale(Tensor target, float factor) {
    FloatBuffer targets = HostBuffer.of(target).floats();
    forBlocks(
        target,
        (from, to) -> {
          float[] t = read(targets, 0, from, to);
          for (int i = 0; i < to - from; i++) {
            t[i] *= factor;
          }
          targets.put(from, t, 0, to - from);
        });
  }

  @Override
  public void addBias(Tensor bias, Tensor y) {
    int columns = y.columns();
    float[] b = HostBuffer.of(bias).toFloats();
    FloatBuffer values = HostBuffer.of(y).floats();
    tiles.forRanges(
        y.rows(),
        Tiles.rowsPerBlock(columns),
        (from, to) -> {
          float[] row = tiles.floats(0, columns);
          for (int m = from; m < to; m++) {
            values.get(m * columns, row, 0, columns);
            for (int c = 0; c < columns; c++) {
              row[c] += b[c];
            }
            values.put(m * columns, row, 0, columns);
          }
        });
  }

  @Override
  public void biasBackward(Tensor dy, Tensor dbias) {
    int columns = dy.columns();
    int blocks = (dy.rows() + BLOCK_ROWS - 1) / BLOCK_ROWS;
    float[] partial = new float[blocks * columns];
    FloatBuffer gradients = HostBuffer.of(dy).floats();
    tiles.forRanges(
        dy.rows(),
        BLOCK_ROWS,
        (from, to) -> {
          float[] row = tiles.floats(0, columns);
          int sums = from / BLOCK_ROWS * columns;
          for (int m = from; m < to; m++) {
            gradients.get(m * columns, row, 0, columns);
            for (int c = 0; c < columns; c++) {
              partial[sums + c] += row[c];
            }
          }
        });
    ColumnSums.add(partial, blocks, columns, HostBuffer.of(dbias));
  }

  private void forBlocks(Tensor tensor, Tiles.Range task) {
    tiles.forRanges(Math.toIntExact(tensor.elements()), Tiles.BLOCK, task);
  }

  private float[] read(FloatBuffer source, int array, int from, int to) {
    float[] tile = tiles.floats(array, Tiles.BLOCK);
    source.get(from, tile, 0, to - from);
    return tile;
  }
}
