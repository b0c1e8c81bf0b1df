package io.octavo.reference;

import io.octavo.kernel.Backend;
import io.octavo.kernel.FusedLayersContract;

class TestReferenceFusedLayers extends FusedLayersContract {

  @Override
  protected Backend open() {
    return new ReferenceBackend();
  }
}
