package io.octavo.cpu;

import io.octavo.kernel.Backend;
import io.octavo.kernel.Placement;
import io.octavo.kernel.Planning;
import io.octavo.kernel.Support;

/** Offers {@link CpuBackend} wherever OpenBLAS has a build. */
public final class CpuBackendProvider implements Backend.Provider {

  @Override
  public String name() {
    return "cpu";
  }

  @Override
  public int preference() {
    return 50;
  }

  @Override
  public Support probe() {
    try {
      Blas.load();
      return new Support.Native();
    } catch (LinkageError e) {
      return new Support.Unsupported("OpenBLAS could not be loaded: " + e);
    }
  }

  @Override
  public Planning planning() {
    try (Backend backend = new CpuBackend(1)) {
      return Planning.of(backend);
    }
  }

  @Override
  public Backend open(Placement placement) {
    return new CpuBackend(placement.threads());
  }
}
