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
  /** The smallest power of two not below {@code amax / maxFinite}, an E8M0 code. */
  E8M0 {
    @Override
    public float round(float scale) {
      return decodeE8M0(encodeE8M0(scale));
    }
  };

  /** The representable scale for an exact one, never smaller: a group must not overflow. */
  public abstract float round(float scale);

  /**
   * E8M0 code of the smallest power of two not below {@code scale}, saturating at 2^-127 and 2^127.
   * Integer form on the bits (spec: DeepSeek A2): a float logarithm errs at powers of two.
   */
  public static int encodeE8M0(float scale) {
    int bits = Float.floatToRawIntBits(scale);
    if (Float.isNaN(scale)) {
      return 0xFF;
    }
    if (bits <= 1 << 22) {
      return 0;
    }
    return Math.min((bits - 1 >> 23) + 1, 0xFE);
  }

  /** E8M0 code of the nearest power of two, ties up: a cast of a number, not of a scale. */
  public static int nearestE8M0(float value) {
    if (Float.isNaN(value) || value < 0) {
      return 0xFF;
    }
    int bits = Float.floatToRawIntBits(value);
    return bits < 1 << 23 ? subnormalE8M0(bits) : Math.min((bits + (1 << 22)) >>> 23, 0xFE);
  }

  /** Below 2^-126 codes are 0 (2^-127) and 1 (2^-126), with the tie at 1.5 * 2^-127. */
  private static int subnormalE8M0(int bits) {
    return bits >= 3 << 21 ? 1 : 0;
  }

  /** {@code 2^(code - 127)}; code 255 is NaN. */
  public static float decodeE8M0(int code) {
    return code == 0xFF ? Float.NaN : Math.scalb(1f, code - 127);
  }

  /** Scale of a group: {@code amax / maxFinite} in this format, 1 where all is zero. */
  public float scaleFor(float amax, ElementFormat element) {
    return amax == 0 ? 1f : round(Math.max(amax / element.maxFinite(), Float.MIN_NORMAL));
  }
}
