package io.octavo.optim;

/** How AdamW's two moments are stored. */
public enum MomentFormat {
  /** 8 bytes a parameter for both. */
  FP32,
  /** 4 bytes; only sound for beta2 up to about 0.95, since updates below half a bit are lost. */
  BF16,
  /** COAT's expanded E4M3: 2.1875 bytes. */
  FP8
}
