package io.octavo.cuda;

import io.octavo.kernel.Backend;
import io.octavo.kernel.Placement;
import io.octavo.kernel.Planning;
import io.octavo.kernel.Support;

/** Offers {@link CudaBackend} where driver, device, CUDA libraries and kernels are there. */
public final class CudaBackendProvider implements Backend.Provider {

  @Override
  public String name() {
    return "cuda";
  }

  @Override
  public int preference() {
    return 100;
  }

  @Override
  public Support probe() {
    return CudaDriver.support();
  }

  @Override
  public Planning planning() {
    return new CudaPlanning();
  }

  @Override
  public Backend open(Placement placement) {
    return CudaBackend.open(placement);
  }
}
