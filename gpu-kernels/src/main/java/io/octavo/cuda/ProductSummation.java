package io.octavo.cuda;

/** How the tensor cores of Hopper sum FP8 products; wider formats are always summed in FP32. */
public enum ProductSummation {
  /** In the tensor core's own accumulator, of about 14 bits: fastest. */
  FAST,
  /** In FP32 registers, into which the tensor core's sums are added every few products. */
  PROMOTED
}
