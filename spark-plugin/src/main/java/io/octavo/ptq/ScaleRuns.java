package io.octavo.ptq;

import io.octavo.quant.Granularity;
import io.octavo.tensor.HostWeight;

/** A weight's elements in runs along rows that share a scale. */
final class ScaleRuns {

  /** Elements {@code [from, to)} have scale number {@code scale}. */
  @FunctionalInterface
  interface Visitor {
    void visit(int from, int to, int scale);
  }

  private ScaleRuns() {}

  static void forEach(HostWeight weight, Visitor visitor) {
    int columns = weight.columns();
    int width = width(weight.scheme().weight().orElseThrow().granularity(), columns);
    for (int row = 0; row < weight.rows(); row++) {
      for (int column = 0; column < columns; column += width) {
        int from = row * columns + column;
        int to = row * columns + Math.min(columns, column + width);
        visitor.visit(from, to, weight.scaleIndex(row, column));
      }
    }
  }

  private static int width(Granularity granularity, int columns) {
    if (granularity instanceof Granularity.Group group) {
      return group.columns();
    }
    return granularity instanceof Granularity.Block block ? block.columns() : columns;
  }
}
