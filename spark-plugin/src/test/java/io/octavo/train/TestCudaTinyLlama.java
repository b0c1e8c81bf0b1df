package io.octavo.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.cuda.CudaBackend;
import io.octavo.kernel.Backend;
import io.octavo.kernel.Gpu;
import io.octavo.quant.Recipe;
import org.junit.jupiter.api.Test;

@Gpu
class TestCudaTinyLlama extends TinyLlamaContract {

  @Override
  Backend open() {
    return CudaBackend.open(0);
  }

  @Test
  void staysCloseInBf16() {
    assertThat(largestErrorOfLogits(new Recipe.Bf16())).isLessThanOrEqualTo(2e-2f);
  }
}
