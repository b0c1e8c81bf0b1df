package io.octavo.cpu;

/** Inner loops over cached keys and values. */
interface CacheLoops {

  /** Elements that lines are padded to a multiple of. */
  int UNIT = 32;

  /** Loops of the Vector API where its module is present, else scalar ones. */
  static CacheLoops best() {
    return VectorModule.present() ? new VectorCacheLoops() : new ScalarCacheLoops();
  }

  /** {@code out = value factor} of E4M3 codes; {@code count} is a multiple of {@value #UNIT}. */
  void widenE4m3(byte[] codes, int from, float factor, float[] out, int to, int count);

  /** {@code out = value} of finite IEEE binary16 numbers; {@code count} as above. */
  void widenHalf(short[] codes, int from, float[] out, int to, int count);

  /** {@code y += factor x}. */
  void addScaled(float factor, float[] x, int from, float[] y, int to, int count);
}
