package io.octavo.cpu;

import io.octavo.kernel.Backend;
import io.octavo.kernel.KernelsContract;

/** The contract where the Vector API module is absent. */
class TestCpuKernelsWithoutVectors extends KernelsContract {

  @Override
  protected Backend open() {
    return new CpuBackend(2, new ScalarLoops());
  }
}
