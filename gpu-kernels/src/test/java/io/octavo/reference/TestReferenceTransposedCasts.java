package io.octavo.reference;

import io.octavo.kernel.Backend;
import io.octavo.kernel.TransposedCastsContract;

class TestReferenceTransposedCasts extends TransposedCastsContract {

  @Override
  protected Backend open() {
    return new ReferenceBackend();
  }
}
