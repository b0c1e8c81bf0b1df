package io.octavo.cpu;

import io.octavo.kernel.Backend;
import io.octavo.kernel.MomentsContract;

class TestCpuMoments extends MomentsContract {

  @Override
  protected Backend open() {
    return new CpuBackend(2);
  }
}
