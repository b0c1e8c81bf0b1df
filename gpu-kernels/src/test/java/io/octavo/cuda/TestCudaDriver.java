package io.octavo.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.kernel.Support;
import org.junit.jupiter.api.Test;

class TestCudaDriver {

  @Test
  void sayingNoTakesOneLineAndNoException() {
    Support support = CudaDriver.support();
    if (support instanceof Support.Unsupported unsupported) {
      assertThat(unsupported.reason()).doesNotContain("\n").hasSizeBetween(5, 200);
    }
    assertThat(CudaDriver.support()).isSameAs(support);
  }

  @Test
  void aMissingDriverIsToldFromAMissingLibrary() {
    assertThat(
            CudaDriver.reason(
                "JCuda",
                new UnsatisfiedLinkError(
                    "Error while loading\nStack trace\nx.so: libcuda.so.1: cannot open")))
        .isEqualTo("no driver (libcuda.so.1 is not on this machine)");
    assertThat(CudaDriver.reason("libcublasLt.so.13", new UnsatisfiedLinkError("no jnicublas\nx")))
        .startsWith("libcublasLt.so.13 could not be loaded: no jnicublas (");
  }
}
