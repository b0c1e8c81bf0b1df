package io.octavo.cpu;

import io.octavo.kernel.Backend;
import io.octavo.kernel.FusedLayersContract;

/** The contract where the Vector API module is absent. */
class TestCpuFusedLayersWithoutVectors extends FusedLayersContract {

  @Override
  protected Backend open() {
    return new CpuBackend(2, new ScalarLoops());
  }
}
