package io.octavo.cuda;

import io.octavo.kernel.Backend;
import io.octavo.kernel.Gpu;
import io.octavo.kernel.GradientsContract;

@Gpu
class TestCudaGradients extends GradientsContract {

  @Override
  protected Backend open() {
    return CudaBackend.open(0);
  }
}
