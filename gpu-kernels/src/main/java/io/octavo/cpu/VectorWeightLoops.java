package io.octavo.cpu;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The loops by the Vector API over heap arrays, with the operations that every JDK from 17 on has.
 * Narrow formats become FP32 by their bits: sign and magnitude are shifted to where FP32 has them,
 * and a power of two makes up for the bias, which keeps subnormal codes right.
 */
final class VectorWeightLoops implements WeightLoops {

  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> INTS =
      VectorSpecies.of(int.class, FLOATS.vectorShape());
  private static final int LANES = FLOATS.length();
  private static final VectorSpecies<Byte> BYTES =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, LANES * 8)));
  private static final VectorSpecies<Short> SHORTS =
      VectorSpecies.of(short.class, VectorShape.forBitSize(LANES * 16));
  private static final int SIGN = Integer.MIN_VALUE;

  @Override
  public int lanes() {
    return LANES;
  }

  private static IntVector bytes(byte[] codes, int at) {
    return (IntVector)
        ByteVector.fromArray(BYTES, codes, at).convertShape(VectorOperators.B2I, INTS, 0);
  }

  private static IntVector shorts(short[] codes, int at) {
    return (IntVector)
        ShortVector.fromArray(SHORTS, codes, at).convertShape(VectorOperators.S2I, INTS, 0);
  }

  private static FloatVector floats(IntVector integers) {
    return (FloatVector) integers.convertShape(VectorOperators.I2F, FLOATS, 0);
  }

  @Override
  public void widenInt8(
      byte[] codes, int from, int apart, float factor, float[] out, int to, int count) {
    for (int i = 0; i < count; i += LANES) {
      floats(bytes(codes, from + i * apart)).mul(factor).intoArray(out, to + i);
    }
  }

  @Override
  public void widenE4m3(
      byte[] codes, int from, int apart, float factor, float[] out, int to, int count) {
    for (int i = 0; i < count; i += LANES) {
      IntVector code = bytes(codes, from + i * apart);
      IntVector magnitude = code.and(0x7F).lanewise(VectorOperators.LSHL, 20);
      signed(magnitude, code, 0x1p120f, factor).intoArray(out, to + i);
    }
  }

  /** Bits of a magnitude with the sign of {@code code}, times a power of two, times the factor. */
  private static FloatVector signed(
      IntVector magnitude, IntVector code, float power, float factor) {
    return magnitude.or(code.and(SIGN)).reinterpretAsFloats().mul(power).mul(factor);
  }

  @Override
  public void widenBf16(
      short[] codes, int from, int apart, float factor, float[] out, int to, int count) {
    for (int i = 0; i < count; i += LANES) {
      shorts(codes, from + i * apart)
          .lanewise(VectorOperators.LSHL, 16)
          .reinterpretAsFloats()
          .mul(factor)
          .intoArray(out, to + i);
    }
  }

  @Override
  public void widenHalf(short[] codes, int from, float factor, float[] out, int to, int count) {
    for (int i = 0; i < count; i += LANES) {
      IntVector code = shorts(codes, from + i);
      IntVector magnitude = code.and(0x7FFF).lanewise(VectorOperators.LSHL, 13);
      signed(magnitude, code, 0x1p112f, factor).intoArray(out, to + i);
    }
  }

  @Override
  public void widenInt4(byte[] codes, int from, float factor, float[] out, int to, int count) {
    for (int unit = 0; unit < count; unit += UNIT) {
      for (int i = 0; i < UNIT / 2; i += LANES) {
        IntVector pair = bytes(codes, from + unit / 2 + i);
        IntVector low = pair.lanewise(VectorOperators.LSHL, 28).lanewise(VectorOperators.ASHR, 28);
        floats(low).mul(factor).intoArray(out, to + unit + i);
        floats(pair.lanewise(VectorOperators.ASHR, 4))
            .mul(factor)
            .intoArray(out, to + unit + UNIT / 2 + i);
      }
    }
  }

  @Override
  public void widenE2m1(byte[] codes, int from, float factor, float[] out, int to, int count) {
    for (int unit = 0; unit < count; unit += UNIT) {
      for (int i = 0; i < UNIT / 2; i += LANES) {
        IntVector pair = bytes(codes, from + unit / 2 + i);
        e2m1(pair.lanewise(VectorOperators.LSHL, 28), factor).intoArray(out, to + unit + i);
        e2m1(pair.lanewise(VectorOperators.LSHL, 24), factor)
            .intoArray(out, to + unit + UNIT / 2 + i);
      }
    }
  }

  /** Codes in the uppermost four bits. */
  private static FloatVector e2m1(IntVector code, float factor) {
    IntVector magnitude = code.and(0x70000000).lanewise(VectorOperators.LSHR, 6);
    return signed(magnitude, code, 0x1p126f, factor);
  }

  private static FloatVector load(float[] a, int at) {
    return FloatVector.fromArray(FLOATS, a, at);
  }

  /** As the default's, for the width that is met most, without its loops. */
  @Override
  public float total(float[] sums, int at) {
    if (LANES != 16) {
      return WeightLoops.super.total(sums, at);
    }
    float a = (sums[at] + sums[at + 8]) + (sums[at + 4] + sums[at + 12]);
    float b = (sums[at + 1] + sums[at + 9]) + (sums[at + 5] + sums[at + 13]);
    float c = (sums[at + 2] + sums[at + 10]) + (sums[at + 6] + sums[at + 14]);
    float d = (sums[at + 3] + sums[at + 11]) + (sums[at + 7] + sums[at + 15]);
    return (a + c) + (b + d);
  }

  // Long and flat on purpose: sums stay in registers only as local variables.
  @Override
  public void accumulateRows(
      float[] w, int stride, float[] x, int xAt, int count, float[] sums, int sumsAt, int step) {
    FloatVector s0 = load(sums, sumsAt);
    FloatVector s1 = load(sums, sumsAt + step);
    FloatVector s2 = load(sums, sumsAt + 2 * step);
    FloatVector s3 = load(sums, sumsAt + 3 * step);
    FloatVector s4 = load(sums, sumsAt + 4 * step);
    FloatVector s5 = load(sums, sumsAt + 5 * step);
    FloatVector s6 = load(sums, sumsAt + 6 * step);
    FloatVector s7 = load(sums, sumsAt + 7 * step);
    for (int k = 0; k < count; k += LANES) {
      FloatVector v = load(x, xAt + k);
      s0 = load(w, k).fma(v, s0);
      s1 = load(w, stride + k).fma(v, s1);
      s2 = load(w, 2 * stride + k).fma(v, s2);
      s3 = load(w, 3 * stride + k).fma(v, s3);
      s4 = load(w, 4 * stride + k).fma(v, s4);
      s5 = load(w, 5 * stride + k).fma(v, s5);
      s6 = load(w, 6 * stride + k).fma(v, s6);
      s7 = load(w, 7 * stride + k).fma(v, s7);
    }
    s0.intoArray(sums, sumsAt);
    s1.intoArray(sums, sumsAt + step);
    s2.intoArray(sums, sumsAt + 2 * step);
    s3.intoArray(sums, sumsAt + 3 * step);
    s4.intoArray(sums, sumsAt + 4 * step);
    s5.intoArray(sums, sumsAt + 5 * step);
    s6.intoArray(sums, sumsAt + 6 * step);
    s7.intoArray(sums, sumsAt + 7 * step);
  }

  private static FloatVector int8(byte[] codes, int at) {
    return floats(bytes(codes, at));
  }

  /** The sign is spread over the upper bits, which are cleared below it. */
  private static FloatVector e4m3(byte[] codes, int at) {
    return bytes(codes, at)
        .lanewise(VectorOperators.LSHL, 20)
        .and(0x87F00000)
        .reinterpretAsFloats()
        .mul(0x1p120f);
  }

  private static FloatVector bf16(short[] codes, int at) {
    return shorts(codes, at).lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
  }

  @Override
  public void accumulateInt8(
      byte[] panel, int stride, float[] x, int xAt, float[] sums, int sumsAt, int step) {
    FloatVector s0 = load(sums, sumsAt);
    FloatVector s1 = load(sums, sumsAt + step);
    FloatVector s2 = load(sums, sumsAt + 2 * step);
    FloatVector s3 = load(sums, sumsAt + 3 * step);
    FloatVector s4 = load(sums, sumsAt + 4 * step);
    FloatVector s5 = load(sums, sumsAt + 5 * step);
    FloatVector s6 = load(sums, sumsAt + 6 * step);
    FloatVector s7 = load(sums, sumsAt + 7 * step);
    for (int k = 0; k < stride; k += LANES) {
      FloatVector v = load(x, xAt + k);
      s0 = int8(panel, ROWS * k).fma(v, s0);
      s1 = int8(panel, ROWS * k + LANES).fma(v, s1);
      s2 = int8(panel, ROWS * k + 2 * LANES).fma(v, s2);
      s3 = int8(panel, ROWS * k + 3 * LANES).fma(v, s3);
      s4 = int8(panel, ROWS * k + 4 * LANES).fma(v, s4);
      s5 = int8(panel, ROWS * k + 5 * LANES).fma(v, s5);
      s6 = int8(panel, ROWS * k + 6 * LANES).fma(v, s6);
      s7 = int8(panel, ROWS * k + 7 * LANES).fma(v, s7);
    }
    s0.intoArray(sums, sumsAt);
    s1.intoArray(sums, sumsAt + step);
    s2.intoArray(sums, sumsAt + 2 * step);
    s3.intoArray(sums, sumsAt + 3 * step);
    s4.intoArray(sums, sumsAt + 4 * step);
    s5.intoArray(sums, sumsAt + 5 * step);
    s6.intoArray(sums, sumsAt + 6 * step);
    s7.intoArray(sums, sumsAt + 7 * step);
  }

  @Override
  public void accumulateE4m3(
      byte[] panel, int stride, float[] x, int xAt, float[] sums, int sumsAt, int step) {
    FloatVector s0 = load(sums, sumsAt);
    FloatVector s1 = load(sums, sumsAt + step);
    FloatVector s2 = load(sums, sumsAt + 2 * step);
    FloatVector s3 = load(sums, sumsAt + 3 * step);
    FloatVector s4 = load(sums, sumsAt + 4 * step);
    FloatVector s5 = load(sums, sumsAt + 5 * step);
    FloatVector s6 = load(sums, sumsAt + 6 * step);
    FloatVector s7 = load(sums, sumsAt + 7 * step);
    for (int k = 0; k < stride; k += LANES) {
      FloatVector v = load(x, xAt + k);
      s0 = e4m3(panel, ROWS * k).fma(v, s0);
      s1 = e4m3(panel, ROWS * k + LANES).fma(v, s1);
      s2 = e4m3(panel, ROWS * k + 2 * LANES).fma(v, s2);
      s3 = e4m3(panel, ROWS * k + 3 * LANES).fma(v, s3);
      s4 = e4m3(panel, ROWS * k + 4 * LANES).fma(v, s4);
      s5 = e4m3(panel, ROWS * k + 5 * LANES).fma(v, s5);
      s6 = e4m3(panel, ROWS * k + 6 * LANES).fma(v, s6);
      s7 = e4m3(panel, ROWS * k + 7 * LANES).fma(v, s7);
    }
    s0.intoArray(sums, sumsAt);
    s1.intoArray(sums, sumsAt + step);
    s2.intoArray(sums, sumsAt + 2 * step);
    s3.intoArray(sums, sumsAt + 3 * step);
    s4.intoArray(sums, sumsAt + 4 * step);
    s5.intoArray(sums, sumsAt + 5 * step);
    s6.intoArray(sums, sumsAt + 6 * step);
    s7.intoArray(sums, sumsAt + 7 * step);
  }

  @Override
  public void accumulateBf16(
      short[] panel, int stride, float[] x, int xAt, float[] sums, int sumsAt, int step) {
    FloatVector s0 = load(sums, sumsAt);
    FloatVector s1 = load(sums, sumsAt + step);
    FloatVector s2 = load(sums, sumsAt + 2 * step);
    FloatVector s3 = load(sums, sumsAt + 3 * step);
    FloatVector s4 = load(sums, sumsAt + 4 * step);
    FloatVector s5 = load(sums, sumsAt + 5 * step);
    FloatVector s6 = load(sums, sumsAt + 6 * step);
    FloatVector s7 = load(sums, sumsAt + 7 * step);
    for (int k = 0; k < stride; k += LANES) {
      FloatVector v = load(x, xAt + k);
      s0 = bf16(panel, ROWS * k).fma(v, s0);
      s1 = bf16(panel, ROWS * k + LANES).fma(v, s1);
      s2 = bf16(panel, ROWS * k + 2 * LANES).fma(v, s2);
      s3 = bf16(panel, ROWS * k + 3 * LANES).fma(v, s3);
      s4 = bf16(panel, ROWS * k + 4 * LANES).fma(v, s4);
      s5 = bf16(panel, ROWS * k + 5 * LANES).fma(v, s5);
      s6 = bf16(panel, ROWS * k + 6 * LANES).fma(v, s6);
      s7 = bf16(panel, ROWS * k + 7 * LANES).fma(v, s7);
    }
    s0.intoArray(sums, sumsAt);
    s1.intoArray(sums, sumsAt + step);
    s2.intoArray(sums, sumsAt + 2 * step);
    s3.intoArray(sums, sumsAt + 3 * step);
    s4.intoArray(sums, sumsAt + 4 * step);
    s5.intoArray(sums, sumsAt + 5 * step);
    s6.intoArray(sums, sumsAt + 6 * step);
    s7.intoArray(sums, sumsAt + 7 * step);
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
    for (int n = 0; n < ROWS; n += 4) {
      fourByFour(w, n * stride, stride, x, xAt, xStride, count, sums, sumsAt + n * step, step);
    }
  }

  private static void fourByFour(
      float[] w,
      int wAt,
      int stride,
      float[] x,
      int xAt,
      int xStride,
      int count,
      float[] sums,
      int at,
      int step) {
    FloatVector a0 = load(sums, at);
    FloatVector a1 = load(sums, at + LANES);
    FloatVector a2 = load(sums, at + 2 * LANES);
    FloatVector a3 = load(sums, at + 3 * LANES);
    FloatVector b0 = load(sums, at + step);
    FloatVector b1 = load(sums, at + step + LANES);
    FloatVector b2 = load(sums, at + step + 2 * LANES);
    FloatVector b3 = load(sums, at + step + 3 * LANES);
    FloatVector c0 = load(sums, at + 2 * step);
    FloatVector c1 = load(sums, at + 2 * step + LANES);
    FloatVector c2 = load(sums, at + 2 * step + 2 * LANES);
    FloatVector c3 = load(sums, at + 2 * step + 3 * LANES);
    FloatVector d0 = load(sums, at + 3 * step);
    FloatVector d1 = load(sums, at + 3 * step + LANES);
    FloatVector d2 = load(sums, at + 3 * step + 2 * LANES);
    FloatVector d3 = load(sums, at + 3 * step + 3 * LANES);
    for (int k = 0; k < count; k += LANES) {
      FloatVector a = load(w, wAt + k);
      FloatVector b = load(w, wAt + stride + k);
      FloatVector c = load(w, wAt + 2 * stride + k);
      FloatVector d = load(w, wAt + 3 * stride + k);
      FloatVector v = load(x, xAt + k);
      a0 = a.fma(v, a0);
      b0 = b.fma(v, b0);
      c0 = c.fma(v, c0);
      d0 = d.fma(v, d0);
      v = load(x, xAt + xStride + k);
      a1 = a.fma(v, a1);
      b1 = b.fma(v, b1);
      c1 = c.fma(v, c1);
      d1 = d.fma(v, d1);
      v = load(x, xAt + 2 * xStride + k);
      a2 = a.fma(v, a2);
      b2 = b.fma(v, b2);
      c2 = c.fma(v, c2);
      d2 = d.fma(v, d2);
      v = load(x, xAt + 3 * xStride + k);
      a3 = a.fma(v, a3);
      b3 = b.fma(v, b3);
      c3 = c.fma(v, c3);
      d3 = d.fma(v, d3);
    }
    a0.intoArray(sums, at);
    a1.intoArray(sums, at + LANES);
    a2.intoArray(sums, at + 2 * LANES);
    a3.intoArray(sums, at + 3 * LANES);
    b0.intoArray(sums, at + step);
    b1.intoArray(sums, at + step + LANES);
    b2.intoArray(sums, at + step + 2 * LANES);
    b3.intoArray(sums, at + step + 3 * LANES);
    c0.intoArray(sums, at + 2 * step);
    c1.intoArray(sums, at + 2 * step + LANES);
    c2.intoArray(sums, at + 2 * step + 2 * LANES);
    c3.intoArray(sums, at + 2 * step + 3 * LANES);
    d0.intoArray(sums, at + 3 * step);
    d1.intoArray(sums, at + 3 * step + LANES);
    d2.intoArray(sums, at + 3 * step + 2 * LANES);
    d3.intoArray(sums, at + 3 * step + 3 * LANES);
  }

  @Override
  public void addScaled(float factor, float[] x, int from, float[] y, int to, int count) {
    FloatVector f = FloatVector.broadcast(FLOATS, factor);
    int i = 0;
    for (; i + LANES <= count; i += LANES) {
      load(x, from + i).fma(f, load(y, to + i)).intoArray(y, to + i);
    }
    for (; i < count; i++) {
      y[to + i] = Math.fma(factor, x[from + i], y[to + i]);
    }
  }
}
