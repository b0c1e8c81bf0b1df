package io.octavo.cpu;

import io.octavo.kernel.Backend;
import io.octavo.kernel.LinearKernelsContract;

class TestCpuLinearKernelsWithoutVectors extends LinearKernelsContract {

  @Override
  protected Backend open() {
    return new CpuBackend(2, new ScalarLoops());
  }
}
