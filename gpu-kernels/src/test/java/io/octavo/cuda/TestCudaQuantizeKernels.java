package io.octavo.cuda;

import io.octavo.kernel.Backend;
import io.octavo.kernel.QuantizeKernelsContract;
import org.junit.jupiter.api.Tag;

@Tag("gpu")
class TestCudaQuantizeKernels extends QuantizeKernelsContract {

  @Override
  protected Backend open() {
    return CudaBackend.open(0);
  }
}
