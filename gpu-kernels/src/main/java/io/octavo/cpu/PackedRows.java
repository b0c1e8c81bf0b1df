package io.octavo.cpu;

import io.octavo.format.ElementFormat;
import io.octavo.format.IntegerFormat;
import io.octavo.kernel.HostWeights;
import io.octavo.kernel.PackedWeight;
import io.octavo.quant.Granularity;
import io.octavo.quant.WeightScheme;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostWeight;
import io.octavo.tensor.Shape;
import java.util.Optional;

/**
 * A weight in heap arrays, which is what the Vector API loads from on every JDK: panels of {@link
 * WeightLoops#ROWS} rows, padded with zeros to a multiple of {@link WeightLoops#UNIT}. FP32 numbers
 * and 4-bit codes, two a byte, are row by row; wider codes are as {@link
 * WeightLoops#accumulateInt8} reads them.
 */
final class PackedRows implements PackedWeight {

  /** How an array's elements become FP32. */
  private enum Storage {
    FLOAT(4),
    BF16(2),
    INT8(1),
    E4M3(1),
    INT4(0.5),
    E2M1(0.5);

    private final double bytes;

    Storage(double bytes) {
      this.bytes = bytes;
    }
  }

  private final Shape shape;
  private final WeightScheme scheme;
  private final Storage storage;
  private final int rows;
  private final int columns;
  private final int stride;
  private final int lanes;
  private final float[][] floats;
  private final short[][] shorts;
  private final byte[][] bytes;

  /** Scales within a row, {@code [rows][groups]}; one a row is applied to its sum instead. */
  private final float[][] groupScales;

  private final int group;
  private final float[] rowScales;
  private final Optional<float[]> bias;

  private PackedRows(HostWeight weight, Storage storage, int lanes) {
    this.lanes = lanes;
    shape = weight.shape();
    scheme = weight.scheme();
    this.storage = storage;
    rows = weight.rows();
    columns = weight.columns();
    stride = (columns + WeightLoops.UNIT - 1) / WeightLoops.UNIT * WeightLoops.UNIT;
    int panels = (rows + WeightLoops.ROWS - 1) / WeightLoops.ROWS;
    int size = (int) (WeightLoops.ROWS * stride * Math.min(1, storage.bytes));
    floats = new float[storage == Storage.FLOAT ? panels : 0][size];
    shorts = new short[storage == Storage.BF16 ? panels : 0][size];
    bytes = new byte[storage.bytes <= 1 ? panels : 0][size];
    group = groupOf(weight.scheme());
    groupScales = new float[group > 0 ? rows : 0][];
    rowScales = new float[rows];
    bias = weight.bias();
    for (int row = 0; row < rows; row++) {
      fill(weight, row);
    }
  }

  static PackedRows of(HostWeight weight, int lanes) {
    HostWeights.requireFinite(weight);
    return new PackedRows(weight, storage(weight), lanes);
  }

  private static Storage storage(HostWeight weight) {
    if (weight.type() == DataType.F32) {
      return Storage.FLOAT;
    }
    if (weight.type() == DataType.BF16) {
      return Storage.BF16;
    }
    ElementFormat element = weight.scheme().weight().orElseThrow().element();
    if (element.equals(ElementFormat.E4M3)) {
      return Storage.E4M3;
    }
    if (element.equals(ElementFormat.E2M1)) {
      return Storage.E2M1;
    }
    if (element instanceof IntegerFormat integer) {
      return integer.bits() <= 4 ? Storage.INT4 : Storage.INT8;
    }
    return Storage.FLOAT;
  }

  /** Columns that share a scale; 0 where a row has one. */
  private static int groupOf(WeightScheme scheme) {
    Granularity granularity =
        scheme.weight().map(spec -> spec.granularity()).orElse(new Granularity.PerTensor());
    if (granularity instanceof Granularity.Group group) {
      return checked(group.columns());
    }
    return granularity instanceof Granularity.Block block ? checked(block.columns()) : 0;
  }

  private static int checked(int group) {
    if (group % WeightLoops.UNIT != 0) {
      throw new IllegalArgumentException(
          "Cannot serve weights in groups of %d columns: groups must be a multiple of %d"
              .formatted(group, WeightLoops.UNIT));
    }
    return group;
  }

  private void fill(HostWeight weight, int row) {
    rowScales[row] = group > 0 ? 1 : weight.scale(row, 0);
    if (group > 0) {
      groupScales[row] = new float[(columns + group - 1) / group];
      for (int i = 0; i < groupScales[row].length; i++) {
        groupScales[row][i] = weight.scale(row, i * group);
      }
    }
    int from = row * columns;
    int panel = row / WeightLoops.ROWS;
    int to = row % WeightLoops.ROWS * stride;
    switch (storage) {
      case FLOAT -> {
        float[] numbers = new float[columns];
        HostWeights.row(weight, row, numbers);
        System.arraycopy(numbers, 0, floats[panel], to, columns);
      }
      case BF16 -> {
        for (int k = 0; k < columns; k++) {
          shorts[panel][place(row, k)] = weight.values().getShort(2 * (from + k));
        }
      }
      case INT8, E4M3 -> {
        int unused = Byte.SIZE - weight.scheme().weight().orElseThrow().element().bits();
        for (int k = 0; k < columns; k++) {
          // Codes of 5 to 7 bits lie right-aligned in their bytes.
          byte code = (byte) (weight.values().get(from + k) << unused);
          bytes[panel][place(row, k)] = (byte) (code >> unused);
        }
      }
      default -> {
        for (int k = 0; k < columns; k++) {
          int code = weight.values().get(from + k) & 15;
          int inside = k % WeightLoops.UNIT;
          int half = WeightLoops.UNIT / 2;
          int at = to / 2 + k / WeightLoops.UNIT * half + inside % half;
          bytes[panel][at] |= (byte) (inside < half ? code : code << 4);
        }
      }
    }
  }

  /** Where column {@code k} of a row is in its panel. */
  private int place(int row, int k) {
    return k / lanes * lanes * WeightLoops.ROWS + row % WeightLoops.ROWS * lanes + k % lanes;
  }

  /** Elements {@code [from, from + count)} of a row, scales within the row applied. */
  void widen(WeightLoops loops, int row, int from, int count, float[] out, int to) {
    if (group == 0) {
      widen(loops, row, from, count, 1, out, to);
      return;
    }
    for (int at = from; at < from + count; ) {
      int end = Math.min(from + count, (at / group + 1) * group);
      widen(loops, row, at, end - at, groupScales[row][at / group], out, to + at - from);
      at = end;
    }
  }

  private void widen(
      WeightLoops loops, int row, int from, int count, float factor, float[] out, int to) {
    int panel = row / WeightLoops.ROWS;
    int at = row % WeightLoops.ROWS * stride + from;
    int place = place(row, from);
    switch (storage) {
      case FLOAT -> {
        System.arraycopy(floats[panel], at, out, to, count);
        for (int i = 0; factor != 1 && i < count; i++) {
          out[to + i] *= factor;
        }
      }
      case BF16 -> loops.widenBf16(shorts[panel], place, WeightLoops.ROWS, factor, out, to, count);
      case INT8 -> loops.widenInt8(bytes[panel], place, WeightLoops.ROWS, factor, out, to, count);
      case E4M3 -> loops.widenE4m3(bytes[panel], place, WeightLoops.ROWS, factor, out, to, count);
      case INT4 -> loops.widenInt4(bytes[panel], at / 2, factor, out, to, count);
      case E2M1 -> loops.widenE2m1(bytes[panel], at / 2, factor, out, to, count);
      default -> throw new IllegalStateException("Unknown storage " + storage);
    }
  }

  /** Whether {@link #accumulate} takes it: nothing within a row has a scale of its own. */
  boolean plain() {
    return group == 0 && storage.bytes >= 1;
  }

  /** Adds products of the panel of {@code row} with a row of the input to partial sums. */
  void accumulate(
      WeightLoops loops, int row, float[] x, int xAt, float[] sums, int sumsAt, int step) {
    int panel = row / WeightLoops.ROWS;
    switch (storage) {
      case FLOAT -> loops.accumulateRows(floats[panel], stride, x, xAt, stride, sums, sumsAt, step);
      case BF16 -> loops.accumulateBf16(shorts[panel], stride, x, xAt, sums, sumsAt, step);
      case INT8 -> loops.accumulateInt8(bytes[panel], stride, x, xAt, sums, sumsAt, step);
      case E4M3 -> loops.accumulateE4m3(bytes[panel], stride, x, xAt, sums, sumsAt, step);
      default -> throw new IllegalStateException("Not a plain storage: " + storage);
    }
  }

  int rows() {
    return rows;
  }

  int columns() {
    return columns;
  }

  /** Columns with padding. */
  int stride() {
    return stride;
  }

  float rowScale(int row) {
    return rowScales[row];
  }

  float bias(int row) {
    return bias.isPresent() ? bias.get()[row] : 0;
  }

  @Override
  public Shape shape() {
    return shape;
  }

  @Override
  public WeightScheme scheme() {
    return scheme;
  }

  @Override
  public long bytes() {
    long scales = group > 0 ? (long) rows * ((columns + group - 1) / group) : rows;
    return (long) (storage.bytes * rows * stride) + Float.BYTES * scales;
  }

  @Override
  public void close() {
    // The garbage collector's.
  }
}
