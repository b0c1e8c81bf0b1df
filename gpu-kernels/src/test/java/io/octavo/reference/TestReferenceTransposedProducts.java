package io.octavo.reference;

import io.octavo.kernel.Backend;
import io.octavo.kernel.TransposedProductsContract;

class TestReferenceTransposedProducts extends TransposedProductsContract {

  @Override
  protected Backend open() {
    return new ReferenceBackend();
  }
}
