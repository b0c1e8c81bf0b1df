package io.octavo.cuda;

import io.octavo.kernel.Backend;
import io.octavo.kernel.Gpu;
import io.octavo.kernel.ServedLayersContract;

@Gpu
class TestCudaServedLayers extends ServedLayersContract {

  @Override
  protected Backend open() {
    return CudaBackend.open(0);
  }

  /** What lies between, and the result, are BF16. */
  @Override
  protected double limit() {
    return 6e-3;
  }
}
