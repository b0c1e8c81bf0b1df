package io.octavo.reference;

import io.octavo.kernel.Backend;
import io.octavo.kernel.WeightUpdatesContract;

class TestReferenceWeightUpdates extends WeightUpdatesContract {

  @Override
  protected Backend open() {
    return new ReferenceBackend();
  }
}
