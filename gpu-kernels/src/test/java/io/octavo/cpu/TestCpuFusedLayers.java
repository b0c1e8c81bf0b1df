package io.octavo.cpu;

import io.octavo.kernel.Backend;
import io.octavo.kernel.FusedLayersContract;

class TestCpuFusedLayers extends FusedLayersContract {

  @Override
  protected Backend open() {
    return new CpuBackend(2);
  }
}
