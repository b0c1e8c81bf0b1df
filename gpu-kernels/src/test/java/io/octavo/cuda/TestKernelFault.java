package io.octavo.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.kernel.Gpu;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** A fault ends a process's use of the device: each test has a process of its own. */
@Gpu
class TestKernelFault {

  /** Launches a kernel that writes where it must not. */
  static final class Faulty {
    public static void main(String[] arguments) {
      CudaBackend backend = CudaBackend.open(0);
      KernelModule.load("probe", backend.stream()).kernel("stray").launch(Grid.of(1, 1));
      backend.synchronize();
    }
  }

  private static String outputOf(String blocking) throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            System.getProperty("java.class.path"),
            Faulty.class.getName());
    builder.environment().put("CUDA_LAUNCH_BLOCKING", blocking);
    Process process = builder.redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isEqualTo(1);
    return output;
  }

  @Test
  void theKernelsLaunchedLastAreNamed() throws Exception {
    assertThat(outputOf("0"))
        .contains("CUDA_ERROR_ILLEGAL_ADDRESS")
        .containsPattern("Kernels launched last: .*probe\\.stray\\. ");
  }

  @Test
  void theKernelItselfIsNamedWhereLaunchesBlock() throws Exception {
    assertThat(outputOf("1")).contains("kernel probe.stray").contains("ILLEGAL_ADDRESS");
  }
}
