package io.octavo.cpu;

import io.octavo.kernel.Backend;
import io.octavo.kernel.CacheKernelsContract;

class TestCpuCacheKernelsWithoutVectors extends CacheKernelsContract {

  @Override
  protected Backend open() {
    return new CpuBackend(2, new ScalarLoops());
  }
}
