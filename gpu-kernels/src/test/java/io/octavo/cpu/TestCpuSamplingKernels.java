package io.octavo.cpu;

import io.octavo.kernel.Backend;
import io.octavo.kernel.SamplingKernelsContract;

class TestCpuSamplingKernels extends SamplingKernelsContract {

  @Override
  protected Backend open() {
    return new CpuBackend(2);
  }
}
