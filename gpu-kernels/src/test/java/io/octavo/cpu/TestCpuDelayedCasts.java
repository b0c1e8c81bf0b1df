package io.octavo.cpu;

import io.octavo.kernel.Backend;
import io.octavo.kernel.DelayedCastsContract;

class TestCpuDelayedCasts extends DelayedCastsContract {

  @Override
  protected Backend open() {
    return new CpuBackend(2);
  }
}
