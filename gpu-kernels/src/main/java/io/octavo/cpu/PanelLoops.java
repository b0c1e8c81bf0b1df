package io.octavo.cpu;

/**
 * Inner loops of products with weights in panels. A panel has {@link #rows} rows of the weight: all
 * their elements of column 0, then those of column 1, and so on, so that memory is read in one
 * stream and sums of different rows lie side by side. Of 4-bit codes a byte holds two columns, the
 * even one below.
 *
 * <p>A product has {@value #PHASES} partial sums, of the columns {@code k} with equal {@code k mod}
 * {@value #PHASES}, each in the order of {@code k}: {@code sums[PHASES][rows]}. Counts of columns
 * are multiples of {@value #PHASES}, and codes that partial panels lack are zeros.
 */
interface PanelLoops {

  /** Partial sums of a product. */
  int PHASES = 4;

  /** Rows of the input that {@link #addTile} takes at once. */
  int TILE = 4;

  /** Loops of the Vector API where its module is present, else scalar ones. */
  static PanelLoops best() {
    return VectorModule.present() ? new VectorPanelLoops() : new ScalarPanelLoops();
  }

  /** Rows of a panel. */
  int rows();

  /** Adds products of {@code count} columns of a panel with {@code x} to the partial sums. */
  void addFloats(float[] panel, int at, float[] x, int xAt, int count, float[] sums);

  /** As {@link #addFloats}, of BF16 numbers. */
  void addBf16(short[] panel, int at, float[] x, int xAt, int count, float[] sums);

  /** As {@link #addFloats}, of 8-bit integers. */
  void addInt8(byte[] panel, int at, float[] x, int xAt, int count, float[] sums);

  /**
   * As {@link #addFloats}, of codes times the scale of their row, rounded to FP32.
   *
   * @param scales of the panel's rows from {@code scalesAt} on
   */
  void addScaled(
      GroupedCodes format,
      byte[] panel,
      int at,
      float[] scales,
      int scalesAt,
      float[] x,
      int xAt,
      int count,
      float[] sums);

  /**
   * As {@link #addFloats} with {@value #TILE} rows of {@code x}, {@code xStride} apart, whose sums
   * follow each other from {@code sumsAt} on.
   */
  void addTile(float[] panel, float[] x, int xAt, int xStride, int count, float[] sums, int sumsAt);

  /** BF16 numbers as FP32, in the same order. */
  void widenBf16(short[] panel, int at, float[] out, int elements);

  /** 8-bit integers as FP32, in the same order. */
  void widenInt8(byte[] panel, int at, float[] out, int elements);

  /** As {@link #addScaled} has them: {@code count} columns in FP32 from {@code to} on. */
  void widenScaled(
      GroupedCodes format,
      byte[] panel,
      int at,
      float[] scales,
      int scalesAt,
      float[] out,
      int to,
      int count);

  /**
   * {@code out = (sum of partial sums) (factor rowScale) + bias} of a panel's rows, from {@code
   * outAt} on.
   *
   * @param rowsAt where the panel's rows are among {@code rowScales} and {@code bias}
   */
  void finish(
      float[] sums,
      int sumsAt,
      float factor,
      float[] rowScales,
      float[] bias,
      int rowsAt,
      float[] out,
      int outAt);
}
