package io.octavo.reference;

import io.octavo.kernel.Backend;
import io.octavo.kernel.OptimizerKernelsContract;

class TestReferenceOptimizerKernels extends OptimizerKernelsContract {

  @Override
  protected Backend open() {
    return new ReferenceBackend();
  }
}
