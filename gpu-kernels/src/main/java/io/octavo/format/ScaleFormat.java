package io.octavo.format;

/** Which numbers a scale may be. */
public enum ScaleFormat {
  /** {@code amax / maxFinite} as a binary32. */
  FP32 {
    @Override
    public float round(float scale) {
      return scale;
    }
  },
  /** The BF16 number nearest to {@code amax / maxFinite}: half the bytes of fine groups. */
  BF16 {
    @Override
    public float round(float scale) {
      return Bfloat16.round(scale);
    }
  },
  /** The smallest power of two not below {@code amax / maxFinite}, an E8M0 code. */
  E8M0 {
    @Override
    public float round(float scale) {
      return io.octavo.format.E8M0.decode(io.octavo.format.E8M0.encodeUp(scale));
    }
  };

  /** The representable scale for an exact one; casts saturate where it is a little smaller. */
  public abstract float round(float scale);

  /** Scale of a group: {@code amax / maxFinite} in this format, 1 where all is zero. */
  public float scaleFor(float amax, ElementFormat element) {
    return amax == 0 ? 1f : round(Math.max(amax / element.maxFinite(), Float.MIN_NORMAL));
  }
}
