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

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * {@link VectorPanelLoops} of codes with scales within a row. What adds does so for half of a
 * panel's rows, of which {@code at}, {@code scalesAt} and {@code to} are the first: with all rows,
 * loops of long conversions are too large for the compiler to keep vectors in registers.
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
      float[] sums,
      int to) {
    FloatVector scale = floats(scales, scalesAt);
    FloatVector a = floats(sums, to);
    FloatVector b = floats(sums, to + ROWS);
    FloatVector c = floats(sums, to + 2 * ROWS);
    FloatVector d = floats(sums, to + 3 * ROWS);
    for (int k = 0; k < count; k += PHASES) {
      int from = at + k * ROWS;
      a = int8(panel, from).mul(scale).fma(broadcast(x[xAt + k]), a);
      b = int8(panel, from + ROWS).mul(scale).fma(broadcast(x[xAt + k + 1]), b);
      c = int8(panel, from + 2 * ROWS).mul(scale).fma(broadcast(x[xAt + k + 2]), c);
      d = int8(panel, from + 3 * ROWS).mul(scale).fma(broadcast(x[xAt + k + 3]), d);
    }
    a.intoArray(sums, to);
    b.intoArray(sums, to + ROWS);
    c.intoArray(sums, to + 2 * ROWS);
    d.intoArray(sums, to + 3 * ROWS);
  }

  static void addE4m3(
      byte[] panel,
      int at,
      float[] scales,
      int scalesAt,
      float[] x,
      int xAt,
      int count,
      float[] sums,
      int to) {
    FloatVector scale = floats(scales, scalesAt);
    FloatVector a = floats(sums, to);
    FloatVector b = floats(sums, to + ROWS);
    FloatVector c = floats(sums, to + 2 * ROWS);
    FloatVector d = floats(sums, to + 3 * ROWS);
    for (int k = 0; k < count; k += PHASES) {
      int from = at + k * ROWS;
      a = e4m3(panel, from).mul(scale).fma(broadcast(x[xAt + k]), a);
      b = e4m3(panel, from + ROWS).mul(scale).fma(broadcast(x[xAt + k + 1]), b);
      c = e4m3(panel, from + 2 * ROWS).mul(scale).fma(broadcast(x[xAt + k + 2]), c);
      d = e4m3(panel, from + 3 * ROWS).mul(scale).fma(broadcast(x[xAt + k + 3]), d);
    }
    a.intoArray(sums, to);
    b.intoArray(sums, to + ROWS);
    c.intoArray(sums, to + 2 * ROWS);
    d.intoArray(sums, to + 3 * ROWS);
  }

  static void addInt4(
      byte[] panel,
      int at,
      float[] scales,
      int scalesAt,
      float[] x,
      int xAt,
      int count,
      float[] sums,
      int to) {
    FloatVector scale = floats(scales, scalesAt);
    FloatVector a = floats(sums, to);
    FloatVector b = floats(sums, to + ROWS);
    FloatVector c = floats(sums, to + 2 * ROWS);
    FloatVector d = floats(sums, to + 3 * ROWS);
    for (int k = 0; k < count; k += PHASES) {
      int from = at + k * (ROWS / 2);
      IntVector ab = bytes(panel, from);
      IntVector cd = bytes(panel, from + ROWS);
      a = int4Below(ab).mul(scale).fma(broadcast(x[xAt + k]), a);
      b = int4Above(ab).mul(scale).fma(broadcast(x[xAt + k + 1]), b);
      c = int4Below(cd).mul(scale).fma(broadcast(x[xAt + k + 2]), c);
      d = int4Above(cd).mul(scale).fma(broadcast(x[xAt + k + 3]), d);
    }
    a.intoArray(sums, to);
    b.intoArray(sums, to + ROWS);
    c.intoArray(sums, to + 2 * ROWS);
    d.intoArray(sums, to + 3 * ROWS);
  }

  static void addE2m1(
      byte[] panel,
      int at,
      float[] scales,
      int scalesAt,
      float[] x,
      int xAt,
      int count,
      float[] sums,
      int to) {
    FloatVector scale = floats(scales, scalesAt);
    FloatVector a = floats(sums, to);
    FloatVector b = floats(sums, to + ROWS);
    FloatVector c = floats(sums, to + 2 * ROWS);
    FloatVector d = floats(sums, to + 3 * ROWS);
    for (int k = 0; k < count; k += PHASES) {
      int from = at + k * (ROWS / 2);
      IntVector ab = bytes(panel, from);
      IntVector cd = bytes(panel, from + ROWS);
      a = e2m1Below(ab).mul(scale).fma(broadcast(x[xAt + k]), a);
      b = e2m1Above(ab).mul(scale).fma(broadcast(x[xAt + k + 1]), b);
      c = e2m1Below(cd).mul(scale).fma(broadcast(x[xAt + k + 2]), c);
      d = e2m1Above(cd).mul(scale).fma(broadcast(x[xAt + k + 3]), d);
    }
    a.intoArray(sums, to);
    b.intoArray(sums, to + ROWS);
    c.intoArray(sums, to + 2 * ROWS);
    d.intoArray(sums, to + 3 * ROWS);
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
