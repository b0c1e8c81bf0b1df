package io.octavo.cpu;

import io.octavo.kernel.Backend;
import io.octavo.kernel.OptimizerKernelsContract;

class TestCpuOptimizerKernels extends OptimizerKernelsContract {

  @Override
  protected Backend open() {
    return new CpuBackend(2);
  }
}
