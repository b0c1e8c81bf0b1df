package io.octavo.reference;

import io.octavo.kernel.EmbeddingKernels;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Tensor;

/** Rows of a table by token id. */
final class ReferenceEmbeddingKernels implements EmbeddingKernels {

  @Override
  public void gather(Tensor table, Tensor ids, Tensor out) {
    int columns = table.columns();
    float[] rows = HostBuffer.of(table).toFloats();
    int[] id = HostBuffer.of(ids).toInts();
    float[] result = new float[id.length * columns];
    for (int m = 0; m < id.length; m++) {
      System.arraycopy(rows, id[m] * columns, result, m * columns, columns);
    }
    HostBuffer.of(out).put(result);
  }

  @Override
  public void scatterAdd(Tensor dout, Tensor ids, Tensor dtable) {
    int columns = dtable.columns();
    float[] gradient = HostBuffer.of(dout).toFloats();
    int[] id = HostBuffer.of(ids).toInts();
    float[] rows = HostBuffer.of(dtable).toFloats();
    for (int m = 0; m < id.length; m++) {
      for (int c = 0; c < columns; c++) {
        rows[id[m] * columns + c] += gradient[m * columns + c];
      }
    }
    HostBuffer.of(dtable).put(rows);
  }
}
