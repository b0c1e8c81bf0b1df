package io.octavo.cpu;

import static io.octavo.cpu.VectorCodes.LANES;
import static io.octavo.cpu.VectorCodes.bf16;
import static io.octavo.cpu.VectorCodes.broadcast;
import static io.octavo.cpu.VectorCodes.floats;
import static io.octavo.cpu.VectorCodes.int8;

import jdk.incubator.vector.FloatVector;

/**
 * The loops by the Vector API over heap arrays. Long and flat on purpose: sums stay in registers
 * only as local variables, and a loop that takes its format as a parameter keeps boxes.
 */
final class VectorPanelLoops implements PanelLoops {

  static final int ROWS = 2 * LANES;
  private static final int STEP = PHASES * ROWS;

  @Override
  public int rows() {
    return ROWS;
  }

  @Override
  public void addFloats(float[] panel, int at, float[] x, int xAt, int count, float[] sums) {
    FloatVector a0 = floats(sums, 0);
    FloatVector a1 = floats(sums, LANES);
    FloatVector b0 = floats(sums, 2 * LANES);
    FloatVector b1 = floats(sums, 3 * LANES);
    FloatVector c0 = floats(sums, 4 * LANES);
    FloatVector c1 = floats(sums, 5 * LANES);
    FloatVector d0 = floats(sums, 6 * LANES);
    FloatVector d1 = floats(sums, 7 * LANES);
    for (int k = 0; k < count; k += PHASES) {
      int from = at + k * ROWS;
      FloatVector v = broadcast(x[xAt + k]);
      a0 = floats(panel, from).fma(v, a0);
      a1 = floats(panel, from + LANES).fma(v, a1);
      v = broadcast(x[xAt + k + 1]);
      b0 = floats(panel, from + 2 * LANES).fma(v, b0);
      b1 = floats(panel, from + 3 * LANES).fma(v, b1);
      v = broadcast(x[xAt + k + 2]);
      c0 = floats(panel, from + 4 * LANES).fma(v, c0);
      c1 = floats(panel, from + 5 * LANES).fma(v, c1);
      v = broadcast(x[xAt + k + 3]);
      d0 = floats(panel, from + 6 * LANES).fma(v, d0);
      d1 = floats(panel, from + 7 * LANES).fma(v, d1);
    }
    a0.intoArray(sums, 0);
    a1.intoArray(sums, LANES);
    b0.intoArray(sums, 2 * LANES);
    b1.intoArray(sums, 3 * LANES);
    c0.intoArray(sums, 4 * LANES);
    c1.intoArray(sums, 5 * LANES);
    d0.intoArray(sums, 6 * LANES);
    d1.intoArray(sums, 7 * LANES);
  }

  @Override
  public void addBf16(short[] panel, int at, float[] x, int xAt, int count, float[] sums) {
    FloatVector a0 = floats(sums, 0);
    FloatVector a1 = floats(sums, LANES);
    FloatVector b0 = floats(sums, 2 * LANES);
    FloatVector b1 = floats(sums, 3 * LANES);
    FloatVector c0 = floats(sums, 4 * LANES);
    FloatVector c1 = floats(sums, 5 * LANES);
    FloatVector d0 = floats(sums, 6 * LANES);
    FloatVector d1 = floats(sums, 7 * LANES);
    for (int k = 0; k < count; k += PHASES) {
      int from = at + k * ROWS;
      FloatVector v = broadcast(x[xAt + k]);
      a0 = bf16(panel, from).fma(v, a0);
      a1 = bf16(panel, from + LANES).fma(v, a1);
      v = broadcast(x[xAt + k + 1]);
      b0 = bf16(panel, from + 2 * LANES).fma(v, b0);
      b1 = bf16(panel, from + 3 * LANES).fma(v, b1);
      v = broadcast(x[xAt + k + 2]);
      c0 = bf16(panel, from + 4 * LANES).fma(v, c0);
      c1 = bf16(panel, from + 5 * LANES).fma(v, c1);
      v = broadcast(x[xAt + k + 3]);
      d0 = bf16(panel, from + 6 * LANES).fma(v, d0);
      d1 = bf16(panel, from + 7 * LANES).fma(v, d1);
    }
    a0.intoArray(sums, 0);
    a1.intoArray(sums, LANES);
    b0.intoArray(sums, 2 * LANES);
    b1.intoArray(sums, 3 * LANES);
    c0.intoArray(sums, 4 * LANES);
    c1.intoArray(sums, 5 * LANES);
    d0.intoArray(sums, 6 * LANES);
    d1.intoArray(sums, 7 * LANES);
  }

  @Override
  public void addInt8(byte[] panel, int at, float[] x, int xAt, int count, float[] sums) {
    FloatVector a0 = floats(sums, 0);
    FloatVector a1 = floats(sums, LANES);
    FloatVector b0 = floats(sums, 2 * LANES);
    FloatVector b1 = floats(sums, 3 * LANES);
    FloatVector c0 = floats(sums, 4 * LANES);
    FloatVector c1 = floats(sums, 5 * LANES);
    FloatVector d0 = floats(sums, 6 * LANES);
    FloatVector d1 = floats(sums, 7 * LANES);
    for (int k = 0; k < count; k += PHASES) {
      int from = at + k * ROWS;
      FloatVector v = broadcast(x[xAt + k]);
      a0 = int8(panel, from).fma(v, a0);
      a1 = int8(panel, from + LANES).fma(v, a1);
      v = broadcast(x[xAt + k + 1]);
      b0 = int8(panel, from + 2 * LANES).fma(v, b0);
      b1 = int8(panel, from + 3 * LANES).fma(v, b1);
      v = broadcast(x[xAt + k + 2]);
      c0 = int8(panel, from + 4 * LANES).fma(v, c0);
      c1 = int8(panel, from + 5 * LANES).fma(v, c1);
      v = broadcast(x[xAt + k + 3]);
      d0 = int8(panel, from + 6 * LANES).fma(v, d0);
      d1 = int8(panel, from + 7 * LANES).fma(v, d1);
    }
    a0.intoArray(sums, 0);
    a1.intoArray(sums, LANES);
    b0.intoArray(sums, 2 * LANES);
    b1.intoArray(sums, 3 * LANES);
    c0.intoArray(sums, 4 * LANES);
    c1.intoArray(sums, 5 * LANES);
    d0.intoArray(sums, 6 * LANES);
    d1.intoArray(sums, 7 * LANES);
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
    switch (format) {
      case INT8 -> VectorGroups.addInt8(panel, at, scales, scalesAt, x, xAt, count, sums);
      case E4M3 -> VectorGroups.addE4m3(panel, at, scales, scalesAt, x, xAt, count, sums);
      case INT4 -> VectorGroups.addInt4(panel, at, scales, scalesAt, x, xAt, count, sums);
      case E2M1 -> VectorGroups.addE2m1(panel, at, scales, scalesAt, x, xAt, count, sums);
    }
  }

  @Override
  public void addTile(
      float[] panel, float[] x, int xAt, int xStride, int count, float[] sums, int sumsAt) {
    // Phase by phase: eight sums at a time are what machines with sixteen registers hold.
    for (int phase = 0; phase < PHASES; phase++) {
      addPhase(panel, x, xAt, xStride, phase, count, sums, sumsAt + phase * ROWS);
    }
  }

  private static void addPhase(
      float[] panel, float[] x, int xAt, int xStride, int phase, int count, float[] sums, int to) {
    FloatVector a0 = floats(sums, to);
    FloatVector a1 = floats(sums, to + LANES);
    FloatVector b0 = floats(sums, to + STEP);
    FloatVector b1 = floats(sums, to + STEP + LANES);
    FloatVector c0 = floats(sums, to + 2 * STEP);
    FloatVector c1 = floats(sums, to + 2 * STEP + LANES);
    FloatVector d0 = floats(sums, to + 3 * STEP);
    FloatVector d1 = floats(sums, to + 3 * STEP + LANES);
    for (int k = phase; k < count; k += PHASES) {
      FloatVector w0 = floats(panel, k * ROWS);
      FloatVector w1 = floats(panel, k * ROWS + LANES);
      FloatVector v = broadcast(x[xAt + k]);
      a0 = w0.fma(v, a0);
      a1 = w1.fma(v, a1);
      v = broadcast(x[xAt + xStride + k]);
      b0 = w0.fma(v, b0);
      b1 = w1.fma(v, b1);
      v = broadcast(x[xAt + 2 * xStride + k]);
      c0 = w0.fma(v, c0);
      c1 = w1.fma(v, c1);
      v = broadcast(x[xAt + 3 * xStride + k]);
      d0 = w0.fma(v, d0);
      d1 = w1.fma(v, d1);
    }
    a0.intoArray(sums, to);
    a1.intoArray(sums, to + LANES);
    b0.intoArray(sums, to + STEP);
    b1.intoArray(sums, to + STEP + LANES);
    c0.intoArray(sums, to + 2 * STEP);
    c1.intoArray(sums, to + 2 * STEP + LANES);
    d0.intoArray(sums, to + 3 * STEP);
    d1.intoArray(sums, to + 3 * STEP + LANES);
  }

  @Override
  public void widenBf16(short[] panel, int at, float[] out, int elements) {
    for (int i = 0; i < elements; i += LANES) {
      bf16(panel, at + i).intoArray(out, i);
    }
  }

  @Override
  public void widenInt8(byte[] panel, int at, float[] out, int elements) {
    for (int i = 0; i < elements; i += LANES) {
      int8(panel, at + i).intoArray(out, i);
    }
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
    switch (format) {
      case INT8 -> VectorGroups.widenInt8(panel, at, scales, scalesAt, out, to, count);
      case E4M3 -> VectorGroups.widenE4m3(panel, at, scales, scalesAt, out, to, count);
      case INT4 -> VectorGroups.widenInt4(panel, at, scales, scalesAt, out, to, count);
      case E2M1 -> VectorGroups.widenE2m1(panel, at, scales, scalesAt, out, to, count);
    }
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
    for (int i = 0; i < ROWS; i += LANES) {
      int at = sumsAt + i;
      FloatVector even = floats(sums, at).add(floats(sums, at + 2 * ROWS));
      FloatVector odd = floats(sums, at + ROWS).add(floats(sums, at + 3 * ROWS));
      FloatVector scale = floats(rowScales, rowsAt + i).mul(factor);
      even.add(odd).mul(scale).add(floats(bias, rowsAt + i)).intoArray(out, outAt + i);
    }
  }
}
