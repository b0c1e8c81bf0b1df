package io.octavo.cpu;

import static io.octavo.cpu.VectorCodes.LANES;

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
  public void addScaled(float factor, float[] x, int from, float[] y, int to, int count) {
    var f = VectorCodes.broadcast(factor);
    int i = 0;
    for (; i + LANES <= count; i += LANES) {
      VectorCodes.floats(x, from + i).fma(f, VectorCodes.floats(y, to + i)).intoArray(y, to + i);
    }
    for (; i < count; i++) {
      y[to + i] = Math.fma(factor, x[from + i], y[to + i]);
    }
  }
}
