package io.octavo.cuda;

import io.octavo.kernel.Backend;
import io.octavo.kernel.DelayedCastsContract;
import org.junit.jupiter.api.Tag;

@Tag("gpu")
class TestCudaDelayedCasts extends DelayedCastsContract {

  @Override
  protected Backend open() {
    return CudaBackend.open(0);
  }
}
