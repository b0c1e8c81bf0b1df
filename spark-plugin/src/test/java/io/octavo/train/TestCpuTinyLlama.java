package io.octavo.train;

import io.octavo.cpu.CpuBackend;
import io.octavo.kernel.Backend;

class TestCpuTinyLlama extends TinyLlamaContract {

  @Override
  Backend open() {
    return new CpuBackend(2);
  }
}
