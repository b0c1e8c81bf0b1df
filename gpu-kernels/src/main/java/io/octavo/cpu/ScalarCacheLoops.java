package io.octavo.cpu;

import io.octavo.format.Half;

/** The loops as a compiler gets them where the Vector API is missing. */
final class ScalarCacheLoops implements CacheLoops {

  @Override
  public void widenE4m3(byte[] codes, int from, float factor, float[] out, int to, int count) {
    for (int i = 0; i < count; i++) {
      out[to + i] = CodeTables.E4M3[codes[from + i] & 0xFF] * factor;
    }
  }

  @Override
  public void widenHalf(short[] codes, int from, float[] out, int to, int count) {
    for (int i = 0; i < count; i++) {
      out[to + i] = Half.decode(codes[from + i]);
    }
  }

  @Override
  public void addScaled(float factor, float[] x, int from, float[] y, int to, int count) {
    for (int i = 0; i < count; i++) {
      y[to + i] += factor * x[from + i];
    }
  }
}
