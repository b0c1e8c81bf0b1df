package io.octavo.cpu;

import io.octavo.quant.Granularity;

/** The runs of a row that share a scale. */
final class Groups {

  private Groups() {}

  /** Columns {@code [begin, end)} of a row and the index of their scale. */
  interface Run {
    void accept(int scale, int begin, int end);
  }

  /** Gives every run of {@code row} in order. */
  static void forRow(Granularity granularity, int row, int columns, Run run) {
    int width = width(granularity, columns);
    int first = firstScale(granularity, row, columns);
    for (int begin = 0, scale = first; begin < columns; begin += width, scale++) {
      run.accept(scale, begin, Math.min(columns, begin + width));
    }
  }

  private static int width(Granularity granularity, int columns) {
    if (granularity instanceof Granularity.Group group) {
      return group.columns();
    }
    return granularity instanceof Granularity.Block block ? block.columns() : columns;
  }

  private static int firstScale(Granularity granularity, int row, int columns) {
    if (granularity instanceof Granularity.PerTensor) {
      return 0;
    }
    int perRow = (int) granularity.scaleColumns(columns);
    return granularity instanceof Granularity.Block block
        ? row / block.rows() * perRow
        : row * perRow;
  }

  /** Rows that one scale may span, so that a thread has all of it: the height of a block. */
  static int height(Granularity granularity) {
    return granularity instanceof Granularity.Block block ? block.rows() : 1;
  }
}
