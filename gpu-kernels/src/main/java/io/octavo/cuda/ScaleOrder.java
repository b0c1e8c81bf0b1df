package io.octavo.cuda;

import io.octavo.quant.Granularity;
import io.octavo.tensor.QuantizedTensor;

/**
 * Where the scales of a cast lie: scale {@code (i, j)} of the matrix of scales at {@code i * row +
 * j * column}. cuBLASLt wants those of groups of 128 with the rows of the matrix side by side, and
 * each row of scales of 128 x 128 blocks at a multiple of 4; others lie as on the host.
 *
 * @param row distance of scales that follow each other down a column
 * @param column distance of scales that follow each other along a row
 */
record ScaleOrder(long row, long column) {

  private static final int WIDTH = 128;

  /** Order of the scales of a {@code rows x columns} cast. */
  static ScaleOrder of(Granularity granularity, long rows, long columns) {
    if (granularity.equals(new Granularity.Group(WIDTH))) {
      return new ScaleOrder(1, rows);
    }
    long across = granularity.scaleColumns(columns);
    boolean padded = granularity.equals(new Granularity.Block(WIDTH, WIDTH));
    return new ScaleOrder(padded ? (across + 3) / 4 * 4 : across, 1);
  }

  /**
   * Order of a cast's scales.
   *
   * @throws IllegalArgumentException where they have no room for padding
   */
  static ScaleOrder of(QuantizedTensor cast) {
    Granularity granularity = cast.spec().granularity();
    long room = QuantizedTensor.scaleCapacity(granularity, cast.shape());
    if (cast.scales().elements() < room) {
      throw new IllegalArgumentException(
          "Cannot cast %s on cuda: %d scales given, padded rows of %s take %d (see scaleCapacity)"
              .formatted(cast.shape(), cast.scales().elements(), granularity, room));
    }
    return of(granularity, cast.codes().rows(), cast.codes().columns());
  }
}
