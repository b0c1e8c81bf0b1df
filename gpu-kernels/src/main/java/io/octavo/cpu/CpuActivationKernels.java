package io.octavo.cpu;

import io.octavo.kernel.ActivationKernels;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Tensor;
import java.nio.FloatBuffer;

/** SwiGLU, residual add and bias over blocks of elements. */
final class CpuActivationKernels implements ActivationKernels {

  private static final int BLOCK_ROWS = 64;

  private final Tiles tiles;
  private final FloatLoops loops;

  CpuActivationKernels(Tiles tiles, FloatLoops loops) {
    this.tiles = tiles;
    this.loops = loops;
  }

  @Override
  public void swiGlu(Tensor gate, Tensor up, Tensor out) {
    FloatBuffer gates = HostBuffer.of(gate).floats();
    FloatBuffer ups = HostBuffer.of(up).floats();
    FloatBuffer outs = HostBuffer.of(out).floats();
    forBlocks(
        gate,
        (from, to) -> {
          float[] g = read(gates, 0, from, to);
          loops.swiGlu(g, read(ups, 1, from, to), g, to - from);
          outs.put(from, g, 0, to - from);
        });
  }

  @Override
  public void swiGluBackward(Tensor dout, Tensor gate, Tensor up, Tensor dgate, Tensor dup) {
    FloatBuffer douts = HostBuffer.of(dout).floats();
    FloatBuffer gates = HostBuffer.of(gate).floats();
    FloatBuffer ups = HostBuffer.of(up).floats();
    FloatBuffer dgates = HostBuffer.of(dgate).floats();
    FloatBuffer dups = HostBuffer.of(dup).floats();
    forBlocks(
        gate,
        (from, to) -> {
          float[] g = read(gates, 0, from, to);
          float[] u = read(ups, 1, from, to);
          loops.swiGluBackward(read(douts, 2, from, to), g, u, to - from);
          dgates.put(from, g, 0, to - from);
          dups.put(from, u, 0, to - from);
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
