package io.octavo.reference;

import io.octavo.kernel.Backend;
import io.octavo.kernel.Placement;
import io.octavo.kernel.Planning;
import io.octavo.kernel.Support;

/** Offers {@link ReferenceBackend}, which runs anywhere: the last choice. */
public final class ReferenceBackendProvider implements Backend.Provider {

  @Override
  public String name() {
    return "reference";
  }

  @Override
  public int preference() {
    return 0;
  }

  @Override
  public Support probe() {
    return new Support.Native();
  }

  @Override
  public Planning planning() {
    try (Backend backend = new ReferenceBackend()) {
      return Planning.of(backend);
    }
  }

  @Override
  public Backend open(Placement placement) {
    return new ReferenceBackend();
  }
}
