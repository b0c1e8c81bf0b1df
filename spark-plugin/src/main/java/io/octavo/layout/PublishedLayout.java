package io.octavo.layout;

/** Who reads a quantized directory. */
public enum PublishedLayout {
  /** {@code quant_method} fp8: E4M3 with a scale a tensor, row or block. */
  FP8,
  /** {@code quant_method} compressed-tensors: E4M3, INT8, INT4, and our own E2M1. */
  COMPRESSED_TENSORS
}
