package io.octavo.cpu;

import static io.octavo.cpu.VectorCodes.LANES;
import static io.octavo.cpu.VectorCodes.broadcast;
import static io.octavo.cpu.VectorCodes.floats;
import static io.octavo.kernel.CacheKernels.PAGE;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** The loops by the Vector API over heap arrays. */
final class VectorCacheLoops implements CacheLoops {

  @Override
  public void widenE4m3(byte[] codes, int from, float factor, float[] out, int to, int count) {
    for (int i = 0; i < count; i += LANES) {
      VectorCodes.e4m3(codes, from + i).mul(factor).intoArray(out, to + i);
    }
  }

  @Override
  public void widenHalf(short[] codes, int from, float[] out, int to, int count) {
    for (int i = 0; i < count; i += LANES) {
      VectorCodes.half(codes, from + i).intoArray(out, to + i);
    }
  }

  @Override
  public void widenInt4(byte[] codes, int from, float factor, float[] out, int to, int count) {
    // Pairs of neighbours would have to be interleaved, which takes longer than this does.
    for (int i = 0; i < count; i += 2) {
      int pair = codes[from + i / 2];
      out[to + i] = (pair << 28 >> 28) * factor;
      out[to + i + 1] = (pair >> 4) * factor;
    }
  }

  @Override
  public void widenPairs(byte[] codes, float[] out, int count) {
    for (int i = 0; i < count / 2; i += PAGE) {
      for (int j = 0; j < PAGE; j += LANES) {
        IntVector pairs = VectorCodes.bytes(codes, i + j);
        VectorCodes.int4Below(pairs).intoArray(out, 2 * i + j);
        VectorCodes.int4Above(pairs).intoArray(out, 2 * i + PAGE + j);
      }
    }
  }

  @Override
  public void scaleColumns(float[] x, float[] factors, int count) {
    for (int j = 0; j < PAGE; j += LANES) {
      FloatVector factor = floats(factors, j);
      for (int i = j; i < count; i += PAGE) {
        floats(x, i).mul(factor).intoArray(x, i);
      }
    }
  }

  @Override
  public void scores(float[] q, int qAt, float[] keys, int size, float scale, float[] scores) {
    for (int j = 0; j < PAGE; j += LANES) {
      FloatVector even = broadcast(0);
      FloatVector odd = broadcast(0);
      for (int d = 0; d < size; d += 2) {
        even = floats(keys, d * PAGE + j).fma(broadcast(q[qAt + d]), even);
        odd = floats(keys, (d + 1) * PAGE + j).fma(broadcast(q[qAt + d + 1]), odd);
      }
      even.add(odd).mul(scale).intoArray(scores, j);
    }
  }

  @Override
  public float largest(float[] scores) {
    FloatVector largest = floats(scores, 0);
    for (int j = LANES; j < PAGE; j += LANES) {
      largest = largest.max(floats(scores, j));
    }
    return largest.reduceLanes(VectorOperators.MAX);
  }

  @Override
  public void exponentiate(float[] scores, float shift, float keep, float[] sums, int sumsAt) {
    for (int j = 0; j < PAGE; j += LANES) {
      FloatVector power = VectorLoops.exp(floats(scores, j).sub(shift));
      power.intoArray(scores, j);
      floats(sums, sumsAt + j).mul(keep).add(power).intoArray(sums, sumsAt + j);
    }
  }

  @Override
  public void mix(
      float[] weights,
      int begin,
      int end,
      float[] values,
      int size,
      float keep,
      float[] mean,
      int meanAt) {
    for (int d = 0; d < size; d += 2 * LANES) {
      FloatVector a = floats(mean, meanAt + d).mul(keep);
      FloatVector b = floats(mean, meanAt + d + LANES).mul(keep);
      for (int j = begin; j < end; j++) {
        FloatVector weight = broadcast(weights[j]);
        a = floats(values, j * size + d).fma(weight, a);
        b = floats(values, j * size + d + LANES).fma(weight, b);
      }
      a.intoArray(mean, meanAt + d);
      b.intoArray(mean, meanAt + d + LANES);
    }
  }
}
