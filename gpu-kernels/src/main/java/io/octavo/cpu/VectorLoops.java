package io.octavo.cpu;

import io.octavo.format.Minifloat;
import io.octavo.format.SpecialCodes;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The loops by the Vector API over heap arrays, the part of it that every JDK from 17 on has.
 * Remainders go to {@link ScalarLoops}, so that no masked load is needed.
 *
 * <p>Only operations whose every lane is defined to the bit are used: the API's own exponentials
 * and sums over lanes give other bits once a method is compiled, and a resumed run would not repeat
 * the uninterrupted one.
 */
final class VectorLoops implements FloatLoops {

  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> INTS =
      VectorSpecies.of(int.class, FLOATS.vectorShape());
  private static final int LANES = FLOATS.length();
  private static final int MAGNITUDE = 0x7FFFFFFF;
  private static final int INFINITY = 0x7F800000;

  private final ScalarLoops rest = new ScalarLoops();

  @Override
  public String name() {
    return "vector" + FLOATS.vectorBitSize();
  }

  @Override
  public float dot(float[] a, int aFrom, float[] b, int bFrom, int count) {
    FloatVector sum0 = FloatVector.zero(FLOATS);
    FloatVector sum1 = FloatVector.zero(FLOATS);
    int i = 0;
    for (; i + 2 * LANES <= count; i += 2 * LANES) {
      sum0 = load(a, aFrom + i).fma(load(b, bFrom + i), sum0);
      sum1 = load(a, aFrom + i + LANES).fma(load(b, bFrom + i + LANES), sum1);
    }
    for (; i + LANES <= count; i += LANES) {
      sum0 = load(a, aFrom + i).fma(load(b, bFrom + i), sum0);
    }
    float tail = rest.dot(a, aFrom + i, b, bFrom + i, count - i);
    return total(sum0.add(sum1)) + tail;
  }

  /** Sum of the lanes in a fixed order. */
  private static float total(FloatVector vector) {
    float[] lanes = new float[LANES];
    vector.intoArray(lanes, 0);
    for (int width = LANES / 2; width > 0; width /= 2) {
      for (int i = 0; i < width; i++) {
        lanes[i] += lanes[i + width];
      }
    }
    return lanes[0];
  }

  private static FloatVector load(float[] a, int at) {
    return FloatVector.fromArray(FLOATS, a, at);
  }

  @Override
  public float sum(float[] a, int from, int count) {
    FloatVector sum = FloatVector.zero(FLOATS);
    int i = 0;
    for (; i + LANES <= count; i += LANES) {
      sum = sum.add(load(a, from + i));
    }
    return total(sum) + rest.sum(a, from + i, count - i);
  }

  @Override
  public float max(float[] a, int from, int count) {
    FloatVector max = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
    int i = 0;
    for (; i + LANES <= count; i += LANES) {
      max = max.max(load(a, from + i));
    }
    return Math.max(max.reduceLanes(VectorOperators.MAX), rest.max(a, from + i, count - i));
  }

  @Override
  public float amax(float[] a, int from, int count) {
    IntVector max = IntVector.zero(INTS);
    int i = 0;
    for (; i + LANES <= count; i += LANES) {
      max = max.max(load(a, from + i).reinterpretAsInts().and(MAGNITUDE));
    }
    int bits = max.reduceLanes(VectorOperators.MAX);
    if (bits >= INFINITY) {
      return rest.amax(a, from, count);
    }
    return Math.max(Float.intBitsToFloat(bits), rest.amax(a, from + i, count - i));
  }

  /** Magnitudes are ordered as their bits are; less one, and without sign, zero comes last. */
  @Override
  public float leastNonZero(float[] a, int from, int count) {
    IntVector sign = IntVector.broadcast(INTS, Integer.MIN_VALUE);
    IntVector one = IntVector.broadcast(INTS, 1);
    IntVector magnitude = IntVector.broadcast(INTS, MAGNITUDE);
    IntVector least = IntVector.broadcast(INTS, INFINITY - 1 ^ Integer.MIN_VALUE);
    int i = 0;
    for (; i + LANES <= count; i += LANES) {
      IntVector bits = load(a, from + i).reinterpretAsInts().and(magnitude);
      least = least.min(bits.sub(one).lanewise(VectorOperators.XOR, sign));
    }
    int bits = (least.reduceLanes(VectorOperators.MIN) ^ Integer.MIN_VALUE) + 1;
    return Math.min(Float.intBitsToFloat(bits), rest.leastNonZero(a, from + i, count - i));
  }

  @Override
  public float expAndSum(float[] a, int from, int count, float shift) {
    FloatVector sum = FloatVector.zero(FLOATS);
    int i = 0;
    for (; i + LANES <= count; i += LANES) {
      FloatVector e = exp(load(a, from + i).sub(shift));
      e.intoArray(a, from + i);
      sum = sum.add(e);
    }
    float tail = rest.expAndSum(a, from + i, count - i, shift);
    return total(sum) + tail;
  }

  /**
   * exp by {@code 2^n e^r}, {@code |r| <= ln 2 / 2}, a polynomial of degree 6: within 2 ulp from
   * -87 to 88; below it is 0, above infinity, NaN stays NaN.
   */
  static FloatVector exp(FloatVector x) {
    FloatVector clamped = x.max(-104f).min(89f);
    FloatVector shifted = clamped.mul(1.44269504f).add(12582912f);
    FloatVector n = shifted.sub(12582912f);
    FloatVector r = n.fma(broadcast(-0.693145752f), clamped);
    r = n.fma(broadcast(-1.42860677e-6f), r);
    return scaleByPower(expOfRest(r), shifted);
  }

  /** {@code e^r} for {@code |r| <= ln 2 / 2}. */
  private static FloatVector expOfRest(FloatVector r) {
    FloatVector p = broadcast(1.39781108e-3f);
    p = p.fma(r, broadcast(8.36596964e-3f));
    p = p.fma(r, broadcast(4.16664853e-2f));
    p = p.fma(r, broadcast(1.66665257e-1f));
    p = p.fma(r, broadcast(0.5f));
    p = p.fma(r, broadcast(1f));
    return p.fma(r, broadcast(1f));
  }

  /**
   * {@code p 2^n}, n in the low bits of {@code shifted}; two factors of half the exponent each
   * reach the subnormals and infinity.
   */
  private static FloatVector scaleByPower(FloatVector p, FloatVector shifted) {
    IntVector exponent = shifted.reinterpretAsInts().sub(0x4B400000);
    IntVector half = exponent.lanewise(VectorOperators.ASHR, 1);
    return p.mul(power(half)).mul(power(exponent.sub(half)));
  }

  private static FloatVector power(IntVector exponent) {
    return exponent.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
  }

  private static FloatVector broadcast(float value) {
    return FloatVector.broadcast(FLOATS, value);
  }

  @Override
  public void swiGlu(float[] gate, float[] up, float[] out, int count) {
    int whole = count - count % LANES;
    float[] sigmoid = VectorSigmoid.of(gate, whole);
    int i = 0;
    for (; i < whole; i += LANES) {
      load(gate, i).mul(load(sigmoid, i)).mul(load(up, i)).intoArray(out, i);
    }
    if (i < count) {
      float[] g = padded(gate, i, count);
      swiGlu(g, padded(up, i, count), g, LANES);
      System.arraycopy(g, 0, out, i, count - i);
    }
  }

  @Override
  public void swiGluBackward(float[] dout, float[] gate, float[] up, int count) {
    int whole = count - count % LANES;
    float[] sigmoid = VectorSigmoid.of(gate, whole);
    FloatVector one = broadcast(1);
    int i = 0;
    for (; i < whole; i += LANES) {
      FloatVector d = load(dout, i);
      FloatVector g = load(gate, i);
      FloatVector s = load(sigmoid, i);
      FloatVector silu = g.mul(s);
      FloatVector slope = one.sub(s).fma(silu, s);
      d.mul(load(up, i)).mul(slope).intoArray(gate, i);
      d.mul(silu).intoArray(up, i);
    }
    if (i < count) {
      float[] g = padded(gate, i, count);
      float[] u = padded(up, i, count);
      swiGluBackward(padded(dout, i, count), g, u, LANES);
      System.arraycopy(g, 0, gate, i, count - i);
      System.arraycopy(u, 0, up, i, count - i);
    }
  }

  private static float[] tail(float[] a, int from, int to) {
    return Arrays.copyOfRange(a, from, to);
  }

  /** Filled up to a vector: an element has the same bits in a remainder as anywhere. */
  private static float[] padded(float[] a, int from, int to) {
    return Arrays.copyOf(tail(a, from, to), LANES);
  }

  /**
   * Rounding on the bits of a binary32: a normal result keeps its top mantissa bits after adding
   * half of what is dropped, ties to even; a subnormal one is counted in its steps by the adder,
   * which rounds to even too.
   */
  @Override
  public void encode(Minifloat format, float[] a, float scale, int[] codes, int count) {
    int mantissa = format.mantissaBits();
    int dropped = 23 - mantissa;
    int rebias = 127 - format.bias() << mantissa;
    int sign = 1 << format.bits() - 1;
    int largest = format.maxFiniteCode();
    boolean zeroIsUnsigned = format.specialCodes() == SpecialCodes.FNUZ;
    int normal = Float.floatToRawIntBits(Math.scalb(1f, 1 - format.bias()));
    float steps = Math.scalb(1f, 1 - format.bias() - mantissa + 23);
    int stepsBits = Float.floatToRawIntBits(steps);
    int i = 0;
    for (; mantissa > 0 && i + LANES <= count; i += LANES) {
      FloatVector value = load(a, i).div(scale);
      IntVector bits = value.reinterpretAsInts();
      IntVector magnitude = bits.and(MAGNITUDE);
      VectorMask<Integer> nan = magnitude.compare(VectorOperators.GT, INFINITY);
      if (nan.anyTrue()) {
        break;
      }
      IntVector odd = magnitude.lanewise(VectorOperators.LSHR, dropped).and(1);
      IntVector code =
          magnitude
              .add((1 << dropped - 1) - 1)
              .add(odd)
              .lanewise(VectorOperators.LSHR, dropped)
              .sub(rebias);
      IntVector small =
          magnitude.reinterpretAsFloats().add(steps).reinterpretAsInts().sub(stepsBits);
      code = code.blend(small, magnitude.compare(VectorOperators.LT, normal));
      code = code.min(largest);
      IntVector signed = code.or(bits.lanewise(VectorOperators.LSHR, 31).mul(sign));
      if (zeroIsUnsigned) {
        signed = signed.blend(0, code.compare(VectorOperators.EQ, 0));
      }
      signed.intoArray(codes, i);
    }
    if (i < count) {
      int[] remaining = new int[count - i];
      rest.encode(format, tail(a, i, count), scale, remaining, count - i);
      System.arraycopy(remaining, 0, codes, i, count - i);
    }
  }

  @Override
  public void powMagnitude(float[] a, int count, float exponent) {
    int whole = count - count % LANES;
    VectorPowers.logOfPower(a, whole, exponent);
    VectorPowers.exp2(a, whole);
    if (whole < count) {
      float[] remaining = tail(a, whole, count);
      rest.powMagnitude(remaining, count - whole, exponent);
      System.arraycopy(remaining, 0, a, whole, count - whole);
    }
  }
}
