package io.octavo.cpu;

import io.octavo.kernel.Backend;
import io.octavo.kernel.TransposedProductsContract;

class TestCpuTransposedProducts extends TransposedProductsContract {

  @Override
  protected Backend open() {
    return new CpuBackend(2);
  }
}
