package io.octavo.cuda;

import io.octavo.kernel.Backend;
import io.octavo.kernel.Gpu;
import io.octavo.kernel.WeightUpdatesContract;

@Gpu
class TestCudaWeightUpdates extends WeightUpdatesContract {

  @Override
  protected Backend open() {
    return CudaBackend.open(0);
  }
}
