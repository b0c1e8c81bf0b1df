package io.octavo.cpu;

import io.octavo.kernel.Backend;
import io.octavo.kernel.TransposedCastsContract;

class TestCpuTransposedCasts extends TransposedCastsContract {

  @Override
  protected Backend open() {
    return new CpuBackend(2);
  }
}
