package io.octavo.reference;

import io.octavo.kernel.Backend;
import io.octavo.kernel.MomentsContract;

class TestReferenceMoments extends MomentsContract {

  @Override
  protected Backend open() {
    return new ReferenceBackend();
  }
}
