package io.octavo.cpu;

import io.octavo.kernel.Backend;
import io.octavo.kernel.ServedLayersContract;

class TestCpuServedLayers extends ServedLayersContract {

  @Override
  protected Backend open() {
    return new CpuBackend(2);
  }

  @Override
  protected double limit() {
    return 1e-5;
  }
}
