package io.octavo.cpu;

import io.octavo.tensor.HostBuffer;

/** The second half of a sum over rows: partial sums of blocks, added in order. */
final class ColumnSums {

  private ColumnSums() {}

  /** Adds {@code partial[blocks, columns]}, block after block, to {@code target[columns]}. */
  static void add(float[] partial, int blocks, int columns, HostBuffer target) {
    float[] sums = target.toFloats();
    for (int block = 0; block < blocks; block++) {
      int at = block * columns;
      for (int c = 0; c < columns; c++) {
        sums[c] += partial[at + c];
      }
    }
    target.put(sums);
  }
}
