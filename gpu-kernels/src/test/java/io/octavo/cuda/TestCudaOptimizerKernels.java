package io.octavo.cuda;

import io.octavo.kernel.Backend;
import io.octavo.kernel.Gpu;
import io.octavo.kernel.OptimizerKernelsContract;

@Gpu
class TestCudaOptimizerKernels extends OptimizerKernelsContract {

  @Override
  protected Backend open() {
    return CudaBackend.open(0);
  }
}
