package io.octavo.reference;

import io.octavo.kernel.Backend;
import io.octavo.kernel.DelayedCastsContract;

class TestReferenceDelayedCasts extends DelayedCastsContract {

  @Override
  protected Backend open() {
    return new ReferenceBackend();
  }
}
