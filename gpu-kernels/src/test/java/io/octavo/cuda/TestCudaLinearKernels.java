package io.octavo.cuda;

import io.octavo.kernel.Backend;
import io.octavo.kernel.Gpu;
import io.octavo.kernel.LinearKernelsContract;

@Gpu
class TestCudaLinearKernels extends LinearKernelsContract {

  @Override
  protected Backend open() {
    return CudaBackend.open(0);
  }

  /** Results are BF16, which rounds by up to 2^-9. */
  @Override
  protected double limit() {
    return 4e-3;
  }

  /** The last has enough blocks for tiles of 128 tokens, and those before for clusters. */
  @Override
  protected int[][] shapesForManyRows() {
    return new int[][] {{140, 1152}, {139, 1152}, {4404, 264}};
  }
}
