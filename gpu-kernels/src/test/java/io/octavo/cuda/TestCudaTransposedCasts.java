package io.octavo.cuda;

import io.octavo.kernel.Backend;
import io.octavo.kernel.TransposedCastsContract;
import org.junit.jupiter.api.Tag;

@Tag("gpu")
class TestCudaTransposedCasts extends TransposedCastsContract {

  @Override
  protected Backend open() {
    return CudaBackend.open(0);
  }
}
