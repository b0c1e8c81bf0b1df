package io.octavo.cpu;

import io.octavo.kernel.Backend;
import io.octavo.kernel.QuantizeKernelsContract;

class TestCpuQuantizeKernels extends QuantizeKernelsContract {

  @Override
  protected Backend open() {
    return new CpuBackend(2);
  }
}
