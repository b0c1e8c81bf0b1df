package io.octavo.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@code 1 / (1 + exp(-x))} in a pass of its own, with the exponential of {@link VectorLoops}.
 *
 * <p>As in {@link VectorPowers} the loop has no calls and its constants are made before it: inside
 * the loops of SwiGLU the exponential was at times too large to inline, and every turn allocated.
 */
final class VectorSigmoid {

  private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  private static final VectorSpecies<Integer> INTS =
      VectorSpecies.of(int.class, FLOATS.vectorShape());
  private static final int LANES = FLOATS.length();

  /** 1.5 * 2^23: whole numbers added to it are its low bits, so that no conversion is needed. */
  private static final float WHOLE = 12582912f;

  private static final int WHOLE_BITS = 0x4B400000;

  private VectorSigmoid() {}

  /** Of the first {@code count} numbers, a multiple of the vector's length. */
  static float[] of(float[] a, int count) {
    FloatVector lowest = broadcast(-104f);
    FloatVector highest = broadcast(89f);
    FloatVector log2e = broadcast(1.44269504f);
    FloatVector whole = broadcast(WHOLE);
    FloatVector minusLn2 = broadcast(-0.693145752f);
    FloatVector minusRestOfLn2 = broadcast(-1.42860677e-6f);
    FloatVector c6 = broadcast(1.39781108e-3f);
    FloatVector c5 = broadcast(8.36596964e-3f);
    FloatVector c4 = broadcast(4.16664853e-2f);
    FloatVector c3 = broadcast(1.66665257e-1f);
    FloatVector c2 = broadcast(0.5f);
    FloatVector one = broadcast(1f);
    IntVector wholeBits = IntVector.broadcast(INTS, WHOLE_BITS);
    IntVector bias = IntVector.broadcast(INTS, 127);
    float[] result = new float[count];
    for (int i = 0; i < count; i += LANES) {
      FloatVector x = FloatVector.fromArray(FLOATS, a, i).neg().max(lowest).min(highest);
      FloatVector shifted = x.mul(log2e).add(whole);
      FloatVector n = shifted.sub(whole);
      FloatVector r = n.fma(minusRestOfLn2, n.fma(minusLn2, x));
      FloatVector p = c6.fma(r, c5).fma(r, c4).fma(r, c3).fma(r, c2).fma(r, one).fma(r, one);
      IntVector power = shifted.reinterpretAsInts().sub(wholeBits);
      IntVector half = power.lanewise(VectorOperators.ASHR, 1);
      IntVector first = half.add(bias).lanewise(VectorOperators.LSHL, 23);
      IntVector second = power.sub(half).add(bias).lanewise(VectorOperators.LSHL, 23);
      FloatVector exp = p.mul(first.reinterpretAsFloats()).mul(second.reinterpretAsFloats());
      one.div(exp.add(one)).intoArray(result, i);
    }
    return result;
  }

  private static FloatVector broadcast(float value) {
    return FloatVector.broadcast(FLOATS, value);
  }
}
