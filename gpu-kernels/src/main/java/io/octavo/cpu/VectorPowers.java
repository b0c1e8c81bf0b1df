package io.octavo.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Powers of magnitudes in two passes, a logarithm and an exponential, over whole vectors.
 *
 * <p>Each pass is one method without calls of its own, and its constants are vectors made before
 * the loop: with constants broadcast where they are used, both passes together are too large for
 * the compiler to inline, and every turn of the loop allocates (seven vectors, six times the time).
 */
final class VectorPowers {

  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> INTS =
      VectorSpecies.of(int.class, FLOATS.vectorShape());
  private static final int LANES = FLOATS.length();

  /** {@code 2 / ln 2}: times {@code atanh(t)} it is {@code log2((1 + t) / (1 - t))}. */
  private static final float TWO_LOG2_E = 2.885390082f;

  /** 1.5 * 2^23: whole numbers added to it are its low bits, so that no conversion is needed. */
  private static final float WHOLE = 12582912f;

  private static final int WHOLE_BITS = 0x4B400000;

  /** What zeros and subnormals have as logarithm: far below every power. */
  private static final float NO_LOG = -1000f;

  private VectorPowers() {}

  /**
   * {@code a[i] = exponent log2 |a[i]|}: the exponent of the number, plus the series of {@code
   * atanh} for a mantissa in {@code [0.7, 1.4]}; log2 is within 2e-7 of the result or 1e-7,
   * whichever is more.
   */
  static void logOfPower(float[] a, int count, float exponent) {
    FloatVector one = broadcast(1f);
    FloatVector c11 = broadcast(TWO_LOG2_E / 11);
    FloatVector c9 = broadcast(TWO_LOG2_E / 9);
    FloatVector c7 = broadcast(TWO_LOG2_E / 7);
    FloatVector c5 = broadcast(TWO_LOG2_E / 5);
    FloatVector c3 = broadcast(TWO_LOG2_E / 3);
    FloatVector c1 = broadcast(TWO_LOG2_E);
    FloatVector whole = broadcast(WHOLE);
    FloatVector noLog = broadcast(NO_LOG);
    FloatVector power = broadcast(exponent);
    FloatVector smallestNormal = broadcast(Float.MIN_NORMAL);
    IntVector wholeBits = broadcast(WHOLE_BITS);
    IntVector rootOfHalf = broadcast(0x3F3504F3);
    for (int i = 0; i < count; i += LANES) {
      FloatVector x = FloatVector.fromArray(FLOATS, a, i).abs();
      VectorMask<Float> none = x.compare(VectorOperators.LT, smallestNormal);
      IntVector bits = x.reinterpretAsInts();
      IntVector n = bits.sub(rootOfHalf).lanewise(VectorOperators.ASHR, 23);
      FloatVector mantissa = bits.sub(n.lanewise(VectorOperators.LSHL, 23)).reinterpretAsFloats();
      FloatVector t = mantissa.sub(one).div(mantissa.add(one));
      FloatVector square = t.mul(t);
      FloatVector p = c11.fma(square, c9).fma(square, c7).fma(square, c5).fma(square, c3);
      FloatVector exponents = n.add(wholeBits).reinterpretAsFloats().sub(whole);
      FloatVector log = p.fma(square, c1).fma(t, exponents);
      log.mul(power).blend(noLog, none).intoArray(a, i);
    }
  }

  /**
   * {@code a[i] = 2^a[i]}: {@code e^(r ln 2)} of what is left of the nearest whole number, {@code
   * |r| <= 1/2}, times two factors of half the whole power each, which reach the subnormals and
   * infinity.
   */
  static void exp2(float[] a, int count) {
    FloatVector lowest = broadcast(-150f);
    FloatVector highest = broadcast(129f);
    FloatVector whole = broadcast(WHOLE);
    FloatVector ln2 = broadcast(0.693147181f);
    FloatVector c6 = broadcast(1.39781108e-3f);
    FloatVector c5 = broadcast(8.36596964e-3f);
    FloatVector c4 = broadcast(4.16664853e-2f);
    FloatVector c3 = broadcast(1.66665257e-1f);
    FloatVector c2 = broadcast(0.5f);
    FloatVector one = broadcast(1f);
    IntVector wholeBits = broadcast(WHOLE_BITS);
    IntVector bias = broadcast(127);
    for (int i = 0; i < count; i += LANES) {
      FloatVector x = FloatVector.fromArray(FLOATS, a, i).max(lowest).min(highest);
      FloatVector shifted = x.add(whole);
      FloatVector r = x.sub(shifted.sub(whole)).mul(ln2);
      FloatVector p = c6.fma(r, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, one).fma(r, one);
      IntVector n = shifted.reinterpretAsInts().sub(wholeBits);
      IntVector half = n.lanewise(VectorOperators.ASHR, 1);
      IntVector first = half.add(bias).lanewise(VectorOperators.LSHL, 23);
      IntVector second = n.sub(half).add(bias).lanewise(VectorOperators.LSHL, 23);
      p.mul(first.reinterpretAsFloats()).mul(second.reinterpretAsFloats()).intoArray(a, i);
    }
  }

  private static FloatVector broadcast(float value) {
    return FloatVector.broadcast(FLOATS, value);
  }

  private static IntVector broadcast(int value) {
    return IntVector.broadcast(INTS, value);
  }
}
