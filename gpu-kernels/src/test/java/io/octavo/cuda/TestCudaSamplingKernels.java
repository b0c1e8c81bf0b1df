package io.octavo.cuda;

import io.octavo.kernel.Backend;
import io.octavo.kernel.Gpu;
import io.octavo.kernel.SamplingKernelsContract;

@Gpu
class TestCudaSamplingKernels extends SamplingKernelsContract {

  @Override
  protected Backend open() {
    return CudaBackend.open(0);
  }
}
