package io.octavo.cpu;

import io.octavo.format.Bfloat16;
import io.octavo.format.ElementFormat;
import io.octavo.format.Half;
import io.octavo.format.IntegerFormat;

/** The loops as a compiler gets them where the Vector API is missing. */
final class ScalarWeightLoops implements WeightLoops {

  private static final int LANES = 8;
  private static final float[] E4M3 = table(ElementFormat.E4M3);
  private static final float[] INT4 = table(new IntegerFormat(4));
  private static final float[] E2M1 = table(ElementFormat.E2M1);

  /** The number of every code. */
  static float[] table(ElementFormat format) {
    float[] values = new float[1 << format.bits()];
    for (int code = 0; code < values.length; code++) {
      values[code] = format.decode(code);
    }
    return values;
  }

  @Override
  public int lanes() {
    return LANES;
  }

  private static int place(int from, int i, int apart) {
    return from + i / LANES * LANES * apart + i % LANES;
  }

  @Override
  public void widenInt8(
      byte[] codes, int from, int apart, float factor, float[] out, int to, int count) {
    for (int i = 0; i < count; i++) {
      out[to + i] = codes[place(from, i, apart)] * factor;
    }
  }

  @Override
  public void widenE4m3(
      byte[] codes, int from, int apart, float factor, float[] out, int to, int count) {
    for (int i = 0; i < count; i++) {
      out[to + i] = E4M3[codes[place(from, i, apart)] & 0xFF] * factor;
    }
  }

  @Override
  public void widenBf16(
      short[] codes, int from, int apart, float factor, float[] out, int to, int count) {
    for (int i = 0; i < count; i++) {
      out[to + i] = Bfloat16.decode(codes[place(from, i, apart)]) * factor;
    }
  }

  @Override
  public void widenHalf(short[] codes, int from, float factor, float[] out, int to, int count) {
    for (int i = 0; i < count; i++) {
      out[to + i] = Half.decode(codes[from + i]) * factor;
    }
  }

  @Override
  public void widenInt4(byte[] codes, int from, float factor, float[] out, int to, int count) {
    widenNibbles(INT4, codes, from, factor, out, to, count);
  }

  @Override
  public void widenE2m1(byte[] codes, int from, float factor, float[] out, int to, int count) {
    widenNibbles(E2M1, codes, from, factor, out, to, count);
  }

  private static void widenNibbles(
      float[] table, byte[] codes, int from, float factor, float[] out, int to, int count) {
    for (int unit = 0; unit < count; unit += UNIT) {
      for (int i = 0; i < UNIT / 2; i++) {
        int pair = codes[from + unit / 2 + i];
        out[to + unit + i] = table[pair & 15] * factor;
        out[to + unit + UNIT / 2 + i] = table[pair >> 4 & 15] * factor;
      }
    }
  }

  @Override
  public void accumulateRows(
      float[] w, int stride, float[] x, int xAt, int count, float[] sums, int sumsAt, int step) {
    for (int n = 0; n < ROWS; n++) {
      accumulate(w, n * stride, x, xAt, count, sums, sumsAt + n * step);
    }
  }

  @Override
  public void accumulateInt8(
      byte[] panel, int stride, float[] x, int xAt, float[] sums, int sumsAt, int step) {
    accumulatePanel(i -> panel[i], stride, x, xAt, sums, sumsAt, step);
  }

  @Override
  public void accumulateE4m3(
      byte[] panel, int stride, float[] x, int xAt, float[] sums, int sumsAt, int step) {
    accumulatePanel(i -> E4M3[panel[i] & 0xFF], stride, x, xAt, sums, sumsAt, step);
  }

  @Override
  public void accumulateBf16(
      short[] panel, int stride, float[] x, int xAt, float[] sums, int sumsAt, int step) {
    accumulatePanel(i -> Bfloat16.decode(panel[i]), stride, x, xAt, sums, sumsAt, step);
  }

  /** What a place of a panel holds. */
  private interface Panel {
    float value(int place);
  }

  private static void accumulatePanel(
      Panel panel, int stride, float[] x, int xAt, float[] sums, int sumsAt, int step) {
    for (int i = 0; i < ROWS * stride; i++) {
      int row = i / LANES % ROWS;
      int lane = i % LANES;
      int k = i / (ROWS * LANES) * LANES + lane;
      sums[sumsAt + row * step + lane] += panel.value(i) * x[xAt + k];
    }
  }

  @Override
  public void accumulateTile(
      float[] w,
      int stride,
      float[] x,
      int xAt,
      int xStride,
      int count,
      float[] sums,
      int sumsAt,
      int step) {
    for (int m = 0; m < 4; m++) {
      accumulateRows(w, stride, x, xAt + m * xStride, count, sums, sumsAt + m * LANES, step);
    }
  }

  private static void accumulate(
      float[] w, int wAt, float[] x, int xAt, int count, float[] sums, int at) {
    for (int k = 0; k < count; k += LANES) {
      for (int lane = 0; lane < LANES; lane++) {
        sums[at + lane] += w[wAt + k + lane] * x[xAt + k + lane];
      }
    }
  }

  @Override
  public void addScaled(float factor, float[] x, int from, float[] y, int to, int count) {
    for (int i = 0; i < count; i++) {
      y[to + i] += factor * x[from + i];
    }
  }
}
