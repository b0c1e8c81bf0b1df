package io.octavo.cuda;

import io.octavo.kernel.AttendNextContract;
import io.octavo.kernel.Backend;
import io.octavo.kernel.Gpu;

@Gpu
class TestCudaAttendNext extends AttendNextContract {

  @Override
  protected Backend open() {
    return CudaBackend.open(0);
  }
}
