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
    forRange(granularity, row, columns, 0, columns, run);
  }

  /** Gives every run of columns {@code [from, to)} of {@code row} in order. */
  static void forRange(Granularity granularity, int row, int columns, int from, int to, Run run) {
    int width = width(granularity, columns);
    int scale = firstScale(granularity, row, columns) + from / width;
    for (int begin = from; begin < to; scale++) {
      int end = Math.min(to, (begin / width + 1) * width);
      run.accept(scale, begin, end);
      begin = end;
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
