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
import java.util.Arrays;
import java.util.Optional;

/**
 * A weight in panels, as {@link PanelLoops} reads them, in one heap array, which is what the Vector
 * API loads from on every JDK. Panels in arrays of their own would be read at a third of the speed:
 * what the processor fetches ahead ends with an array.
 */
final class WeightPanels implements PackedWeight {

  /** Columns that loops of codes with scales take at most, so that a panel's stay in the cache. */
  private static final int STEP = 256;

  /** Vectors of bytes are loaded from eight of them at least, also where four are meant. */
  private static final int BEHIND = 8;

  /** How an array's elements become FP32. */
  private enum Storage {
    FLOAT(4, Optional.empty()),
    BF16(2, Optional.empty()),
    INT8(1, Optional.of(GroupedCodes.INT8)),
    E4M3(1, Optional.of(GroupedCodes.E4M3)),
    INT4(0.5, Optional.of(GroupedCodes.INT4)),
    E2M1(0.5, Optional.of(GroupedCodes.E2M1));

    private final double bytes;
    private final Optional<GroupedCodes> codes;

    Storage(double bytes, Optional<GroupedCodes> codes) {
      this.bytes = bytes;
      this.codes = codes;
    }

    /** Whether loops take it with scales within a row only, which may all be 1. */
    boolean scaled() {
      return bytes < 1 || this == E4M3;
    }

    GroupedCodes grouped() {
      return codes.orElseThrow();
    }
  }

  private final Shape shape;
  private final WeightScheme scheme;
  private final Storage storage;
  private final PanelLoops loops;
  private final int rows;
  private final int columns;
  private final int stride;
  private final float[] floats;
  private final short[] shorts;
  private final byte[] bytes;

  /** Columns that share a scale which loops apply; 0 where there is none. */
  private final int group;

  /** Scales within rows, {@code [panels][groups][rows of a panel]}. */
  private final float[] groupScales;

  /** One for each row, padded to whole panels: applied to its sum. */
  private final float[] rowScales;

  private final float[] bias;

  private WeightPanels(HostWeight weight, Storage storage, PanelLoops loops) {
    this.loops = loops;
    this.storage = storage;
    shape = weight.shape();
    scheme = weight.scheme();
    rows = weight.rows();
    columns = weight.columns();
    stride = (columns + PanelLoops.PHASES - 1) / PanelLoops.PHASES * PanelLoops.PHASES;
    int shared = groupOf(scheme);
    group = storage.scaled() && shared == 0 ? stride : storage == Storage.FLOAT ? 0 : shared;
    int padded = panels() * loops.rows();
    int elements = Math.multiplyExact(padded, stride);
    floats = new float[storage == Storage.FLOAT ? elements : 0];
    shorts = new short[storage == Storage.BF16 ? elements : 0];
    bytes =
        new byte[storage.bytes <= 1 ? elements / storage.grouped().columnsOfByte() + BEHIND : 0];
    rowScales = new float[padded];
    groupScales = new float[padded * groups()];
    bias = Arrays.copyOf(weight.bias().orElse(new float[0]), padded);
    float[] numbers = new float[columns];
    for (int row = 0; row < rows; row++) {
      scale(weight, row, shared);
      fill(weight, row, shared, numbers);
    }
  }

  static WeightPanels of(HostWeight weight, PanelLoops loops) {
    HostWeights.requireFinite(weight);
    return new WeightPanels(weight, storage(weight), loops);
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
    if (group % PanelLoops.PHASES != 0) {
      throw new IllegalArgumentException(
          "Cannot serve weights in groups of %d columns: groups must be a multiple of %d"
              .formatted(group, PanelLoops.PHASES));
    }
    return group;
  }

  private int groups() {
    return group == 0 ? 0 : (stride + group - 1) / group;
  }

  /** Where scales of a group of a panel's rows start. */
  private int scales(int panel, int column) {
    return (panel * groups() + column / group) * loops.rows();
  }

  private void scale(HostWeight weight, int row, int shared) {
    rowScales[row] = shared > 0 ? 1 : weight.scale(row, 0);
    int panel = row / loops.rows();
    for (int i = 0; i < groups(); i++) {
      groupScales[scales(panel, i * group) + row % loops.rows()] =
          shared > 0 ? weight.scale(row, i * group) : 1;
    }
  }

  private void fill(HostWeight weight, int row, int shared, float[] numbers) {
    int at = row / loops.rows() * loops.rows() * stride + row % loops.rows();
    int from = row * columns;
    if (storage == Storage.FLOAT) {
      HostWeights.row(weight, row, numbers);
    }
    for (int k = 0; k < columns; k++) {
      int to = at + k * loops.rows();
      switch (storage) {
        // Loops have no scales within rows for these.
        case FLOAT -> floats[to] = numbers[k] * (shared > 0 ? weight.scale(row, k) : 1);
        case BF16 -> shorts[to] = weight.values().getShort(2 * (from + k));
        case INT8, E4M3 -> {
          // Codes of 5 to 7 bits lie right-aligned in their bytes.
          int unused = Byte.SIZE - scheme.weight().orElseThrow().element().bits();
          bytes[to] = (byte) ((byte) (weight.values().get(from + k) << unused) >> unused);
        }
        case INT4, E2M1 -> {
          int code = weight.values().get(from + k) & 15;
          int pair = (at - row % loops.rows()) / 2 + k / 2 * loops.rows() + row % loops.rows();
          bytes[pair] |= (byte) (k % 2 == 0 ? code : code << 4);
        }
      }
    }
  }

  /** Adds products of a panel with a row of the input to partial sums. */
  void add(int panel, float[] x, int xAt, float[] sums) {
    int at = panel * loops.rows() * stride;
    if (group > 0) {
      int count;
      for (int k = 0; k < stride; k += count) {
        int end = Math.min(stride, (k / group + 1) * group);
        count = Math.min(STEP, end - k);
        loops.addScaled(
            storage.grouped(),
            bytes,
            code(at, k),
            groupScales,
            scales(panel, k),
            x,
            xAt + k,
            count,
            sums);
      }
      return;
    }
    switch (storage) {
      case FLOAT -> loops.addFloats(floats, at, x, xAt, stride, sums);
      case BF16 -> loops.addBf16(shorts, at, x, xAt, stride, sums);
      case INT8 -> loops.addInt8(bytes, at, x, xAt, stride, sums);
      default -> throw new IllegalStateException("No group for " + storage);
    }
  }

  /** Columns {@code [from, from + count)} of a panel in FP32. */
  void widen(int panel, int from, int count, float[] out) {
    int at = panel * loops.rows() * stride;
    int elements = count * loops.rows();
    if (group > 0) {
      for (int k = from; k < from + count; ) {
        int end = Math.min(from + count, (k / group + 1) * group);
        loops.widenScaled(
            storage.grouped(),
            bytes,
            code(at, k),
            groupScales,
            scales(panel, k),
            out,
            (k - from) * loops.rows(),
            end - k);
        k = end;
      }
      return;
    }
    int start = at + from * loops.rows();
    switch (storage) {
      case FLOAT -> System.arraycopy(floats, start, out, 0, elements);
      case BF16 -> loops.widenBf16(shorts, start, out, elements);
      case INT8 -> loops.widenInt8(bytes, start, out, elements);
      default -> throw new IllegalStateException("No group for " + storage);
    }
  }

  /** Where a panel's codes of a column are, the panel's elements starting at {@code at}. */
  private int code(int at, int column) {
    return (at + column * loops.rows()) / storage.grouped().columnsOfByte();
  }

  /** Results of a panel's rows from their partial sums, from {@code outAt} on. */
  void finish(int panel, float[] sums, int sumsAt, float factor, float[] out, int outAt) {
    loops.finish(sums, sumsAt, factor, rowScales, bias, panel * loops.rows(), out, outAt);
  }

  int panels() {
    return (rows + loops.rows() - 1) / loops.rows();
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
    long elements = (long) panels() * loops.rows() * stride;
    return (long) (storage.bytes * elements) + Float.BYTES * (long) groupScales.length;
  }

  @Override
  public void close() {
    // The garbage collector's.
  }
}
