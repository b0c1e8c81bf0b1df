package io.octavo.cpu;

import io.octavo.kernel.EmbeddingKernels;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Tensor;
import java.nio.FloatBuffer;

/** Rows of a table by token id; gradients of one row are added by one thread, in order. */
final class CpuEmbeddingKernels implements EmbeddingKernels {

  private final Tiles tiles;

  CpuEmbeddingKernels(Tiles tiles) {
    this.tiles = tiles;
  }

  @Override
  public void gather(Tensor table, Tensor ids, Tensor out) {
    int columns = table.columns();
    FloatBuffer rows = HostBuffer.of(table).floats();
    FloatBuffer outs = HostBuffer.of(out).floats();
    int[] id = HostBuffer.of(ids).toInts();
    for (int m = 0; m < id.length; m++) {
      outs.put(m * columns, rows, id[m] * columns, columns);
    }
  }

  @Override
  public void scatterAdd(Tensor dout, Tensor ids, Tensor dtable) {
    int columns = dtable.columns();
    FloatBuffer gradients = HostBuffer.of(dout).floats();
    FloatBuffer rows = HostBuffer.of(dtable).floats();
    int[] id = HostBuffer.of(ids).toInts();
    // Threads take columns, not rows: no two of them touch the same element.
    int width = Math.min(columns, 128);
    tiles.forRanges(
        columns,
        width,
        (from, to) -> {
          float[] gradient = tiles.floats(0, width);
          float[] row = tiles.floats(1, width);
          for (int m = 0; m < id.length; m++) {
            gradients.get(m * columns + from, gradient, 0, to - from);
            rows.get(id[m] * columns + from, row, 0, to - from);
            for (int c = 0; c < to - from; c++) {
              row[c] += gradient[c];
            }
            rows.put(id[m] * columns + from, row, 0, to - from);
          }
        });
  }
}
