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

  /**
   * Four roundings to BF16, of up to 2^-9 each: the norm's result, gates, ups, and what is left.
   */
  @Override
  protected double limit() {
    return 4 * 0x1p-9;
  }
}
