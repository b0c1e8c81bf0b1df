package io.octavo.cpu;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * A vector of numbers from the codes of narrow formats in heap arrays, with operations that every
 * JDK from 17 on has. Minifloats become FP32 by their bits: sign and magnitude are shifted to where
 * FP32 has them, and a power of two makes up for the bias, which keeps subnormal codes right.
 */
final class VectorCodes {

  static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
  static final int LANES = FLOATS.length();

  private static final VectorSpecies<Integer> INTS =
      VectorSpecies.of(int.class, FLOATS.vectorShape());
  private static final VectorSpecies<Byte> BYTES =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, LANES * 8)));
  private static final VectorSpecies<Short> SHORTS =
      VectorSpecies.of(short.class, VectorShape.forBitSize(LANES * 16));

  // Vectors, since every number that a loop broadcasts brings its compiler nearer to its limits.
  private static final IntVector E4M3_BITS = IntVector.broadcast(INTS, 0x87F00000);
  private static final FloatVector E4M3_POWER = broadcast(0x1p120f);
  private static final IntVector HALF_BITS = IntVector.broadcast(INTS, 0x8FFFE000);
  private static final FloatVector HALF_POWER = broadcast(0x1p112f);
  private static final IntVector E2M1_BITS = IntVector.broadcast(INTS, 0x81C00000);
  private static final FloatVector E2M1_POWER = broadcast(0x1p126f);

  private VectorCodes() {}

  static FloatVector floats(float[] a, int at) {
    return FloatVector.fromArray(FLOATS, a, at);
  }

  static FloatVector broadcast(float value) {
    return FloatVector.broadcast(FLOATS, value);
  }

  /** Bytes with their signs. */
  static IntVector bytes(byte[] codes, int at) {
    return (IntVector)
        ByteVector.fromArray(BYTES, codes, at).convertShape(VectorOperators.B2I, INTS, 0);
  }

  private static IntVector shorts(short[] codes, int at) {
    return (IntVector)
        ShortVector.fromArray(SHORTS, codes, at).convertShape(VectorOperators.S2I, INTS, 0);
  }

  private static FloatVector numbers(IntVector integers) {
    return (FloatVector) integers.convertShape(VectorOperators.I2F, FLOATS, 0);
  }

  static FloatVector int8(byte[] codes, int at) {
    return numbers(bytes(codes, at));
  }

  /** The sign is spread over the upper bits, which are cleared below it. */
  static FloatVector e4m3(byte[] codes, int at) {
    return bytes(codes, at)
        .lanewise(VectorOperators.LSHL, 20)
        .and(E4M3_BITS)
        .reinterpretAsFloats()
        .mul(E4M3_POWER);
  }

  static FloatVector bf16(short[] codes, int at) {
    return shorts(codes, at).lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
  }

  static FloatVector half(short[] codes, int at) {
    return shorts(codes, at)
        .lanewise(VectorOperators.LSHL, 13)
        .and(HALF_BITS)
        .reinterpretAsFloats()
        .mul(HALF_POWER);
  }

  /** 4-bit integers in the lower halves of bytes. */
  static FloatVector int4Below(IntVector pairs) {
    return numbers(pairs.lanewise(VectorOperators.LSHL, 28).lanewise(VectorOperators.ASHR, 28));
  }

  /** 4-bit integers in the upper halves of bytes. */
  static FloatVector int4Above(IntVector pairs) {
    return numbers(pairs.lanewise(VectorOperators.ASHR, 4));
  }

  /** E2M1 in the lower halves of bytes. */
  static FloatVector e2m1Below(IntVector pairs) {
    return e2m1(pairs.lanewise(VectorOperators.LSHL, 28));
  }

  /** E2M1 in the upper halves of bytes. */
  static FloatVector e2m1Above(IntVector pairs) {
    return e2m1(pairs.lanewise(VectorOperators.LSHL, 24));
  }

  /** Codes in the uppermost four bits, which an arithmetic shift takes to where FP32 has them. */
  private static FloatVector e2m1(IntVector codes) {
    return codes
        .lanewise(VectorOperators.ASHR, 6)
        .and(E2M1_BITS)
        .reinterpretAsFloats()
        .mul(E2M1_POWER);
  }
}
