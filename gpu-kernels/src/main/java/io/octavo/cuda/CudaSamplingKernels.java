package io.octavo.cuda;

import io.octavo.kernel.SamplingKernels;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;

/** Next tokens from logits in F32 or BF16; see sampling.cu. */
final class CudaSamplingKernels implements SamplingKernels {

  private static final int THREADS = 1024;

  private final Kernel numbers;
  private final Kernel halves;

  CudaSamplingKernels(CudaContext context) {
    KernelModule module = context.module("sampling");
    this.numbers = module.kernel("sample_f32");
    this.halves = module.kernel("sample_bf16");
  }

  @Override
  public void sample(
      Tensor logits, Tensor temperature, Tensor topP, Tensor seeds, Tensor positions, Tensor ids) {
    Kernel kernel = logits.type() == DataType.F32 ? numbers : halves;
    kernel.launchChained(
        Grid.of(logits.rows(), THREADS),
        Cluster.NONE,
        logits,
        temperature,
        topP,
        seeds,
        positions,
        ids,
        logits.columns());
  }
}
