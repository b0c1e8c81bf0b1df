package io.octavo.cpu;

import io.octavo.format.Bfloat16;

/** The loops as a compiler gets them where the Vector API is missing. */
final class ScalarPanelLoops implements PanelLoops {

  private static final int ROWS = 16;

  /** The number at column {@code k} and row {@code row} of a panel. */
  private interface Panel {
    float value(int k, int row);
  }

  @Override
  public int rows() {
    return ROWS;
  }

  private static void add(Panel panel, float[] x, int xAt, int count, float[] sums, int sumsAt) {
    for (int k = 0; k < count; k++) {
      int to = sumsAt + k % PHASES * ROWS;
      for (int row = 0; row < ROWS; row++) {
        sums[to + row] += panel.value(k, row) * x[xAt + k];
      }
    }
  }

  private static void widen(Panel panel, int count, float[] out, int to) {
    for (int i = 0; i < count * ROWS; i++) {
      out[to + i] = panel.value(i / ROWS, i % ROWS);
    }
  }

  private static Panel floats(float[] panel, int at) {
    return (k, row) -> panel[at + k * ROWS + row];
  }

  private static Panel bf16(short[] panel, int at) {
    return (k, row) -> Bfloat16.decode(panel[at + k * ROWS + row]);
  }

  private static Panel int8(byte[] panel, int at) {
    return (k, row) -> panel[at + k * ROWS + row];
  }

  private static Panel e4m3(byte[] panel, int at) {
    return (k, row) -> CodeTables.E4M3[panel[at + k * ROWS + row] & 0xFF];
  }

  private static Panel nibbles(float[] table, byte[] panel, int at) {
    return (k, row) -> table[panel[at + k / 2 * ROWS + row] >> k % 2 * 4 & 15];
  }

  private static Panel scaled(
      GroupedCodes format, byte[] panel, int at, float[] scales, int scalesAt) {
    Panel codes =
        switch (format) {
          case INT8 -> int8(panel, at);
          case E4M3 -> e4m3(panel, at);
          case INT4 -> nibbles(CodeTables.INT4, panel, at);
          case E2M1 -> nibbles(CodeTables.E2M1, panel, at);
        };
    return (k, row) -> codes.value(k, row) * scales[scalesAt + row];
  }

  @Override
  public void addFloats(float[] panel, int at, float[] x, int xAt, int count, float[] sums) {
    add(floats(panel, at), x, xAt, count, sums, 0);
  }

  @Override
  public void addBf16(short[] panel, int at, float[] x, int xAt, int count, float[] sums) {
    add(bf16(panel, at), x, xAt, count, sums, 0);
  }

  @Override
  public void addInt8(byte[] panel, int at, float[] x, int xAt, int count, float[] sums) {
    add(int8(panel, at), x, xAt, count, sums, 0);
  }

  @Override
  public void addScaled(
      GroupedCodes format,
      byte[] panel,
      int at,
      float[] scales,
      int scalesAt,
      float[] x,
      int xAt,
      int count,
      float[] sums) {
    add(scaled(format, panel, at, scales, scalesAt), x, xAt, count, sums, 0);
  }

  @Override
  public void addTile(
      float[] panel, float[] x, int xAt, int xStride, int count, float[] sums, int sumsAt) {
    for (int m = 0; m < TILE; m++) {
      int to = sumsAt + m * PHASES * ROWS;
      add(floats(panel, 0), x, xAt + m * xStride, count, sums, to);
    }
  }

  @Override
  public void widenBf16(short[] panel, int at, float[] out, int elements) {
    widen(bf16(panel, at), elements / ROWS, out, 0);
  }

  @Override
  public void widenInt8(byte[] panel, int at, float[] out, int elements) {
    widen(int8(panel, at), elements / ROWS, out, 0);
  }

  @Override
  public void widenScaled(
      GroupedCodes format,
      byte[] panel,
      int at,
      float[] scales,
      int scalesAt,
      float[] out,
      int to,
      int count) {
    widen(scaled(format, panel, at, scales, scalesAt), count, out, to);
  }

  @Override
  public void finish(
      float[] sums,
      int sumsAt,
      float factor,
      float[] rowScales,
      float[] bias,
      int rowsAt,
      float[] out,
      int outAt) {
    for (int row = 0; row < ROWS; row++) {
      int at = sumsAt + row;
      float even = sums[at] + sums[at + 2 * ROWS];
      float odd = sums[at + ROWS] + sums[at + 3 * ROWS];
      out[outAt + row] = (even + odd) * (rowScales[rowsAt + row] * factor) + bias[rowsAt + row];
    }
  }
}
