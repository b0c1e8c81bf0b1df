package io.octavo.reference;

import io.octavo.kernel.Backend;
import io.octavo.kernel.GradientsContract;

/** The oracle itself against differences of its forward methods. */
class TestReferenceGradients extends GradientsContract {

  @Override
  protected Backend open() {
    return new ReferenceBackend();
  }
}
