package io.octavo.cuda;

import io.octavo.kernel.AttentionKernels;
import io.octavo.kernel.Planning;
import io.octavo.quant.Recipe;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Shape;

/** What the driver of a Spark application, which may have no GPU, must know to plan for one. */
record CudaPlanning() implements Planning {

  /** Where cuBLASLt's scratch must start. */
  static final int GEMM_WORKSPACE_ALIGNMENT = 256;

  /** Scratch of cuBLASLt: what NVIDIA advises for Hopper, 32 MiB. */
  static final long GEMM_WORKSPACE_BYTES = 32L << 20;

  /** Logits of a chunk: 256 MiB in BF16, so that the head's products fill the device. */
  static final long LOGITS_ELEMENTS = 128L << 20;

  /** Scratch of the op families together. */
  static final long OWN_BYTES = 16L << 20;

  @Override
  public DataType activationType(Recipe recipe) {
    return recipe instanceof Recipe.Fp32 ? DataType.F32 : DataType.BF16;
  }

  @Override
  public boolean contractsLastAxisOnly() {
    return true;
  }

  @Override
  public long gemmWorkspaceElements(Shape x, Shape w) {
    return (GEMM_WORKSPACE_BYTES + GEMM_WORKSPACE_ALIGNMENT) / DataType.F32.bytes();
  }

  @Override
  public long attentionWorkspaceElements(AttentionKernels.Geometry geometry) {
    return new AttentionWorkspace(geometry).elements();
  }

  @Override
  public long logitsElements() {
    return LOGITS_ELEMENTS;
  }

  @Override
  public long ownBytes() {
    return OWN_BYTES;
  }
}
