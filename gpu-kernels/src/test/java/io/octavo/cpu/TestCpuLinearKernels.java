package io.octavo.cpu;

import io.octavo.kernel.Backend;
import io.octavo.kernel.LinearKernelsContract;

class TestCpuLinearKernels extends LinearKernelsContract {

  @Override
  protected Backend open() {
    return new CpuBackend(2);
  }
}
