package io.octavo.cuda;

import io.octavo.kernel.Backend;
import io.octavo.kernel.Gpu;
import io.octavo.kernel.TransposedCastsContract;

@Gpu
class TestCudaTransposedCasts extends TransposedCastsContract {

  @Override
  protected Backend open() {
    return CudaBackend.open(0);
  }
}
