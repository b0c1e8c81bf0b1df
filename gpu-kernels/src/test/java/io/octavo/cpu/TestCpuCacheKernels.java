package io.octavo.cpu;

import io.octavo.kernel.Backend;
import io.octavo.kernel.CacheKernelsContract;

class TestCpuCacheKernels extends CacheKernelsContract {

  @Override
  protected Backend open() {
    return new CpuBackend(2);
  }
}
