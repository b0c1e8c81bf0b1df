package io.octavo.reference;

import io.octavo.kernel.Backend;
import io.octavo.kernel.QuantizeKernelsContract;

class TestReferenceQuantizeKernels extends QuantizeKernelsContract {

  @Override
  protected Backend open() {
    return new ReferenceBackend();
  }
}
