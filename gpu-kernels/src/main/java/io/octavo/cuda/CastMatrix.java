package io.octavo.cuda;

import io.octavo.quant.Granularity;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What is cast, as the plain kernels see it ({@code struct Matrix} of quantize.cu).
 *
 * @param rows of the codes
 * @param columns of the codes
 * @param groupRows rows that share a scale
 * @param groupColumns columns that share a scale
 * @param rowStride distance in the source of numbers that follow each other down a column
 * @param columnStride distance in the source of numbers that follow each other along a row
 * @param order where scales lie
 */
record CastMatrix(
    int rows,
    int columns,
    int groupRows,
    int groupColumns,
    long rowStride,
    long columnStride,
    ScaleOrder order) {

  /** A cast of a matrix that lies in the order of its codes. */
  static CastMatrix of(QuantizedTensor cast) {
    return of(cast, cast.codes().columns(), 1);
  }

  /** A cast of the transpose of a matrix. */
  static CastMatrix ofTranspose(QuantizedTensor cast) {
    return of(cast, 1, cast.codes().rows());
  }

  private static CastMatrix of(QuantizedTensor cast, long rowStride, long columnStride) {
    Tensor codes = cast.codes();
    int rows = codes.rows();
    int columns = codes.columns();
    Granularity granularity = cast.spec().granularity();
    int groupRows = 1;
    int groupColumns = columns;
    if (granularity instanceof Granularity.PerTensor) {
      groupRows = rows;
    } else if (granularity instanceof Granularity.Group group) {
      groupColumns = group.columns();
    } else if (granularity instanceof Granularity.Block block) {
      groupRows = block.rows();
      groupColumns = block.columns();
    }
    return new CastMatrix(
        rows, columns, groupRows, groupColumns, rowStride, columnStride, ScaleOrder.of(cast));
  }

  /** How many scales the cast has. */
  long groups() {
    return ((long) rows + groupRows - 1)
        / groupRows
        * (((long) columns + groupColumns - 1) / groupColumns);
  }

  /** Numbers of the largest group. */
  long groupElements() {
    return (long) Math.min(rows, groupRows) * Math.min(columns, groupColumns);
  }

  long elements() {
    return (long) rows * columns;
  }

  /** The struct. */
  byte[] struct() {
    return ByteBuffer.allocate(4 * Integer.BYTES + 4 * Long.BYTES)
        .order(ByteOrder.nativeOrder())
        .putInt(rows)
        .putInt(columns)
        .putInt(groupRows)
        .putInt(groupColumns)
        .putLong(rowStride)
        .putLong(columnStride)
        .putLong(order.row())
        .putLong(order.column())
        .array();
  }
}
