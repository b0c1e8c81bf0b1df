package io.octavo.cpu;

import io.octavo.kernel.Backend;
import io.octavo.kernel.KernelsContract;

/** The contract on two threads. */
class TestCpuKernels extends KernelsContract {

  @Override
  protected Backend open() {
    return new CpuBackend(2);
  }
}
