package io.octavo.cpu;

/**
 * Inner loops of products with packed weights. Counts are multiples of {@link #UNIT}: rows are
 * padded with zeros.
 */
interface WeightLoops {

  /** Elements that rows are padded to a multiple of; 4-bit codes are interleaved within it. */
  int UNIT = 32;

  /** Weight rows that {@link #accumulateRows} takes at once. */
  int ROWS = 8;

  /** Loops of the Vector API where its module is present, else scalar ones. */
  static WeightLoops best() {
    boolean present = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
    return present ? new VectorWeightLoops() : new ScalarWeightLoops();
  }

  /** Partial sums of one product. */
  int lanes();

  /**
   * {@code out = code factor} of 8-bit integers.
   *
   * @param apart codes come in pieces of {@link #lanes}, whose starts are {@code apart} pieces
   *     apart: 1 where they follow each other, {@value #ROWS} in a panel
   */
  void widenInt8(byte[] codes, int from, int apart, float factor, float[] out, int to, int count);

  /** {@code out = value factor} of E4M3 codes. */
  void widenE4m3(byte[] codes, int from, int apart, float factor, float[] out, int to, int count);

  /** {@code out = value factor} of BF16 numbers. */
  void widenBf16(short[] codes, int from, int apart, float factor, float[] out, int to, int count);

  /** {@code out = value factor} of IEEE binary16 numbers that are finite. */
  void widenHalf(short[] codes, int from, float factor, float[] out, int to, int count);

  /**
   * {@code out = code factor} of 4-bit integers: of each {@value #UNIT}, byte {@code i} holds
   * element {@code i} below and element {@code i + 16} above.
   */
  void widenInt4(byte[] codes, int from, float factor, float[] out, int to, int count);

  /** As {@link #widenInt4}, of E2M1 codes. */
  void widenE2m1(byte[] codes, int from, float factor, float[] out, int to, int count);

  /**
   * Adds products of {@value #ROWS} rows of {@code w} with one of {@code x} to their partial sums:
   * row {@code n}'s start at {@code sumsAt + n step}.
   */
  void accumulateRows(
      float[] w, int stride, float[] x, int xAt, int count, float[] sums, int sumsAt, int step);

  /**
   * As {@link #accumulateRows} over whole rows of 8-bit integers, which go from a panel through
   * registers into the sums, and nowhere between. A panel has the first {@link #lanes} codes of
   * each of {@value #ROWS} rows, then the next of each, so that memory is read in one stream.
   */
  void accumulateInt8(
      byte[] panel, int stride, float[] x, int xAt, float[] sums, int sumsAt, int step);

  /** As {@link #accumulateInt8}, of E4M3 codes. */
  void accumulateE4m3(
      byte[] panel, int stride, float[] x, int xAt, float[] sums, int sumsAt, int step);

  /** As {@link #accumulateInt8}, of BF16 numbers. */
  void accumulateBf16(
      short[] panel, int stride, float[] x, int xAt, float[] sums, int sumsAt, int step);

  /**
   * As {@link #accumulateRows}, with four rows of {@code x} that start {@code xStride} apart; the
   * sums of row {@code m} start at {@code sumsAt + n step + m lanes}.
   */
  void accumulateTile(
      float[] w,
      int stride,
      float[] x,
      int xAt,
      int xStride,
      int count,
      float[] sums,
      int sumsAt,
      int step);

  /** Sum of partial sums, in a fixed order. */
  default float total(float[] sums, int at) {
    int width = lanes();
    float[] half = new float[width];
    System.arraycopy(sums, at, half, 0, width);
    for (int left = width / 2; left > 0; left /= 2) {
      for (int i = 0; i < left; i++) {
        half[i] += half[i + left];
      }
    }
    return half[0];
  }

  /** {@code y += factor x}. */
  void addScaled(float factor, float[] x, int from, float[] y, int to, int count);
}
