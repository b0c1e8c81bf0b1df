package io.octavo.cuda;

import io.octavo.kernel.Backend;
import io.octavo.kernel.OptimizerKernelsContract;
import org.junit.jupiter.api.Tag;

@Tag("gpu")
class TestCudaOptimizerKernels extends OptimizerKernelsContract {

  @Override
  protected Backend open() {
    return CudaBackend.open(0);
  }
}
