package io.octavo.cuda;

import io.octavo.kernel.Backend;
import io.octavo.kernel.CacheKernelsContract;
import io.octavo.kernel.Gpu;

@Gpu
class TestCudaCacheKernels extends CacheKernelsContract {

  @Override
  protected Backend open() {
    return CudaBackend.open(0);
  }

  /** Results are BF16, which rounds by up to 2^-9. */
  @Override
  protected double limit() {
    return 4e-3;
  }
}
