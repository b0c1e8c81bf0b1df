package io.octavo.cpu;

import io.octavo.kernel.Backend;
import io.octavo.kernel.WeightUpdatesContract;

class TestCpuWeightUpdates extends WeightUpdatesContract {

  @Override
  protected Backend open() {
    return new CpuBackend(2);
  }
}
