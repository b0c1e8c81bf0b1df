package io.octavo.format;

/** Which numbers a scale may be. */
public enum ScaleFormat {
  /** {@code amax / maxFinite} as a binary32. */
  FP32,
  /** The smallest power of two not below {@code amax / maxFinite}, an E8M0 code. */
  E8M0
}
