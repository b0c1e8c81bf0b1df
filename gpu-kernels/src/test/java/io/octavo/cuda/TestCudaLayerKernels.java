package io.octavo.cuda;

import io.octavo.kernel.Backend;
import io.octavo.kernel.Gpu;
import io.octavo.kernel.LayerKernelsContract;

@Gpu
class TestCudaLayerKernels extends LayerKernelsContract {

  @Override
  protected Backend open() {
    return CudaBackend.open(0);
  }
}
