package io.octavo.cpu;

import io.octavo.kernel.Backend;
import io.octavo.kernel.GradientsContract;

class TestCpuGradients extends GradientsContract {

  @Override
  protected Backend open() {
    return new CpuBackend(2);
  }
}
