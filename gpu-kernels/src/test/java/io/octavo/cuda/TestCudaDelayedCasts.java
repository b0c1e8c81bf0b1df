package io.octavo.cuda;

import io.octavo.kernel.Backend;
import io.octavo.kernel.DelayedCastsContract;
import io.octavo.kernel.Gpu;

@Gpu
class TestCudaDelayedCasts extends DelayedCastsContract {

  @Override
  protected Backend open() {
    return CudaBackend.open(0);
  }
}
