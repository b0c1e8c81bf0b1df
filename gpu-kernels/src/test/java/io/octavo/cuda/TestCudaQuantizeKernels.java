package io.octavo.cuda;

import io.octavo.kernel.Backend;
import io.octavo.kernel.Gpu;
import io.octavo.kernel.QuantizeKernelsContract;

@Gpu
class TestCudaQuantizeKernels extends QuantizeKernelsContract {

  @Override
  protected Backend open() {
    return CudaBackend.open(0);
  }
}
