package io.octavo.cpu;

import static io.octavo.cpu.PanelLoops.PHASES;
import static io.octavo.cpu.VectorCodes.LANES;
import static io.octavo.cpu.VectorCodes.broadcast;
import static io.octavo.cpu.VectorCodes.bytes;
import static io.octavo.cpu.VectorCodes.e2m1Above;
import static io.octavo.cpu.VectorCodes.e2m1Below;
import static io.octavo.cpu.VectorCodes.e4m3;
import static io.octavo.cpu.VectorCodes.floats;
import static io.octavo.cpu.VectorCodes.int4Above;
import static io.octavo.cpu.VectorCodes.int4Below;
import static io.octavo.cpu.VectorCodes.int8;
import static io.octavo.cpu.VectorPanelLoops.ROWS;

import java.util.Objects;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * {@link VectorPanelLoops} of codes with scales within a row, half of a panel's rows at a time:
 * with all of them, loops of long conversions are too large for the compiler of JDK 17, which then
 * keeps vectors in memory. Methods of less than 325 bytecodes it puts into their callers, where the
 * same happens, so these are longer.
 */
final class VectorGroups {

  private VectorGroups() {}

  static void addInt8(
      byte[] panel,
      int at,
      float[] scales,
      int scalesAt,
      float[] x,
      int xAt,
      int count,
      float[] sums) {
    Objects.checkFromIndexSize(xAt, count, x.length);
    for (int half = 0; half < ROWS; half += LANES) {
      FloatVector scale = floats(scales, scalesAt + half);
      FloatVector a = floats(sums, half);
      FloatVector b = floats(sums, half + ROWS);
      FloatVector c = floats(sums, half + 2 * ROWS);
      FloatVector d = floats(sums, half + 3 * ROWS);
      for (int k = 0; k < count; k += PHASES) {
        int input = xAt + k;
        float x0 = x[input];
        float x1 = x[input + 1];
        float x2 = x[input + 2];
        float x3 = x[input + 3];
        int first = at + k * ROWS + half;
        int second = first + ROWS;
        int third = second + ROWS;
        int fourth = third + ROWS;
        a = int8(panel, first).mul(scale).fma(broadcast(x0), a);
        b = int8(panel, second).mul(scale).fma(broadcast(x1), b);
        c = int8(panel, third).mul(scale).fma(broadcast(x2), c);
        d = int8(panel, fourth).mul(scale).fma(broadcast(x3), d);
      }
      a.intoArray(sums, half);
      b.intoArray(sums, half + ROWS);
      c.intoArray(sums, half + 2 * ROWS);
      d.intoArray(sums, half + 3 * ROWS);
    }
  }

  static void addE4m3(
      byte[] panel,
      int at,
      float[] scales,
      int scalesAt,
      float[] x,
      int xAt,
      int count,
      float[] sums) {
    Objects.checkFromIndexSize(xAt, count, x.length);
    for (int half = 0; half < ROWS; half += LANES) {
      FloatVector scale = floats(scales, scalesAt + half);
      FloatVector a = floats(sums, half);
      FloatVector b = floats(sums, half + ROWS);
      FloatVector c = floats(sums, half + 2 * ROWS);
      FloatVector d = floats(sums, half + 3 * ROWS);
      for (int k = 0; k < count; k += PHASES) {
        int input = xAt + k;
        float x0 = x[input];
        float x1 = x[input + 1];
        float x2 = x[input + 2];
        float x3 = x[input + 3];
        int first = at + k * ROWS + half;
        int second = first + ROWS;
        int third = second + ROWS;
        int fourth = third + ROWS;
        a = e4m3(panel, first).mul(scale).fma(broadcast(x0), a);
        b = e4m3(panel, second).mul(scale).fma(broadcast(x1), b);
        c = e4m3(panel, third).mul(scale).fma(broadcast(x2), c);
        d = e4m3(panel, fourth).mul(scale).fma(broadcast(x3), d);
      }
      a.intoArray(sums, half);
      b.intoArray(sums, half + ROWS);
      c.intoArray(sums, half + 2 * ROWS);
      d.intoArray(sums, half + 3 * ROWS);
    }
  }

  static void addInt4(
      byte[] panel,
      int at,
      float[] scales,
      int scalesAt,
      float[] x,
      int xAt,
      int count,
      float[] sums) {
    Objects.checkFromIndexSize(xAt, count, x.length);
    for (int half = 0; half < ROWS; half += LANES) {
      FloatVector scale = floats(scales, scalesAt + half);
      FloatVector a = floats(sums, half);
      FloatVector b = floats(sums, half + ROWS);
      FloatVector c = floats(sums, half + 2 * ROWS);
      FloatVector d = floats(sums, half + 3 * ROWS);
      for (int k = 0; k < count; k += PHASES) {
        int input = xAt + k;
        float x0 = x[input];
        float x1 = x[input + 1];
        float x2 = x[input + 2];
        float x3 = x[input + 3];
        int first = at + k * (ROWS / 2) + half;
        int second = first + ROWS;
        IntVector ab = bytes(panel, first);
        IntVector cd = bytes(panel, second);
        a = int4Below(ab).mul(scale).fma(broadcast(x0), a);
        b = int4Above(ab).mul(scale).fma(broadcast(x1), b);
        c = int4Below(cd).mul(scale).fma(broadcast(x2), c);
        d = int4Above(cd).mul(scale).fma(broadcast(x3), d);
      }
      a.intoArray(sums, half);
      b.intoArray(sums, half + ROWS);
      c.intoArray(sums, half + 2 * ROWS);
      d.intoArray(sums, half + 3 * ROWS);
    }
  }

  static void addE2m1(
      byte[] panel,
      int at,
      float[] scales,
      int scalesAt,
      float[] x,
      int xAt,
      int count,
      float[] sums) {
    Objects.checkFromIndexSize(xAt, count, x.length);
    for (int half = 0; half < ROWS; half += LANES) {
      FloatVector scale = floats(scales, scalesAt + half);
      FloatVector a = floats(sums, half);
      FloatVector b = floats(sums, half + ROWS);
      FloatVector c = floats(sums, half + 2 * ROWS);
      FloatVector d = floats(sums, half + 3 * ROWS);
      for (int k = 0; k < count; k += PHASES) {
        int input = xAt + k;
        float x0 = x[input];
        float x1 = x[input + 1];
        float x2 = x[input + 2];
        float x3 = x[input + 3];
        int first = at + k * (ROWS / 2) + half;
        int second = first + ROWS;
        IntVector ab = bytes(panel, first);
        IntVector cd = bytes(panel, second);
        a = e2m1Below(ab).mul(scale).fma(broadcast(x0), a);
        b = e2m1Above(ab).mul(scale).fma(broadcast(x1), b);
        c = e2m1Below(cd).mul(scale).fma(broadcast(x2), c);
        d = e2m1Above(cd).mul(scale).fma(broadcast(x3), d);
      }
      a.intoArray(sums, half);
      b.intoArray(sums, half + ROWS);
      c.intoArray(sums, half + 2 * ROWS);
      d.intoArray(sums, half + 3 * ROWS);
    }
  }

  static void widenInt8(
      byte[] panel, int at, float[] scales, int scalesAt, float[] out, int to, int count) {
    FloatVector f0 = floats(scales, scalesAt);
    FloatVector f1 = floats(scales, scalesAt + LANES);
    for (int i = 0; i < count * ROWS; i += ROWS) {
      int8(panel, at + i).mul(f0).intoArray(out, to + i);
      int8(panel, at + i + LANES).mul(f1).intoArray(out, to + i + LANES);
    }
  }

  static void widenE4m3(
      byte[] panel, int at, float[] scales, int scalesAt, float[] out, int to, int count) {
    FloatVector f0 = floats(scales, scalesAt);
    FloatVector f1 = floats(scales, scalesAt + LANES);
    for (int i = 0; i < count * ROWS; i += ROWS) {
      e4m3(panel, at + i).mul(f0).intoArray(out, to + i);
      e4m3(panel, at + i + LANES).mul(f1).intoArray(out, to + i + LANES);
    }
  }

  static void widenInt4(
      byte[] panel, int at, float[] scales, int scalesAt, float[] out, int to, int count) {
    FloatVector f0 = floats(scales, scalesAt);
    FloatVector f1 = floats(scales, scalesAt + LANES);
    for (int i = 0; i < count / 2; i++) {
      IntVector p0 = bytes(panel, at + i * ROWS);
      IntVector p1 = bytes(panel, at + i * ROWS + LANES);
      int from = to + 2 * i * ROWS;
      int4Below(p0).mul(f0).intoArray(out, from);
      int4Below(p1).mul(f1).intoArray(out, from + LANES);
      int4Above(p0).mul(f0).intoArray(out, from + ROWS);
      int4Above(p1).mul(f1).intoArray(out, from + ROWS + LANES);
    }
  }

  static void widenE2m1(
      byte[] panel, int at, float[] scales, int scalesAt, float[] out, int to, int count) {
    FloatVector f0 = floats(scales, scalesAt);
    FloatVector f1 = floats(scales, scalesAt + LANES);
    for (int i = 0; i < count / 2; i++) {
      IntVector p0 = bytes(panel, at + i * ROWS);
      IntVector p1 = bytes(panel, at + i * ROWS + LANES);
      int from = to + 2 * i * ROWS;
      e2m1Below(p0).mul(f0).intoArray(out, from);
      e2m1Below(p1).mul(f1).intoArray(out, from + LANES);
      e2m1Above(p0).mul(f0).intoArray(out, from + ROWS);
      e2m1Above(p1).mul(f1).intoArray(out, from + ROWS + LANES);
    }
  }
}
