package io.octavo.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.octavo.kernel.Gpu;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@Gpu
class TestKernel {

  private CudaBackend backend;
  private DeviceTensors tensors;
  private KernelModule module;

  @BeforeEach
  void open() {
    backend = CudaBackend.open(0);
    tensors = new DeviceTensors(backend);
    module = KernelModule.load("probe", backend.stream());
  }

  @AfterEach
  void close() {
    module.close();
    tensors.close();
    backend.close();
  }

  private static byte[] pair(float factor, int offset) {
    return ByteBuffer.allocate(8)
        .order(ByteOrder.nativeOrder())
        .putFloat(factor)
        .putInt(offset)
        .array();
  }

  @Test
  void everyKindOfArgumentArrives() {
    Tensor x = tensors.of(new float[] {1, 2, 3}, 3);
    Tensor y = tensors.of(new float[] {9, 9, 9}, 3);
    module.kernel("affine").launch(Grid.covering(3, 32, 32), x, y, 2L, pair(10, 5), 0.25f, 0.5);
    assertThat(tensors.floats(y)).containsExactly(15.75f, 25.75f, 9);
  }

  @Test
  void launchesInARowKeepTheirOwnArguments() {
    Tensor x = tensors.of(new float[1000], 1000);
    Kernel increment = module.kernel("increment");
    for (int n = 1; n <= 1000; n++) {
      increment.launch(Grid.covering(n, 128, 128), x, n);
    }
    float[] counts = tensors.floats(x);
    for (int i = 0; i < counts.length; i++) {
      assertThat(counts[i]).isEqualTo(1000 - i);
    }
  }

  @Test
  void sharedMemoryBeyond48KibNeedsNothingMore() {
    int n = 50_000; // 200,000 bytes
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = i;
    }
    Tensor y = tensors.of(new float[n], n);
    Kernel reverse = module.kernel("reverse");
    reverse.launch(Grid.of(1, 256).withShared(4 * n), tensors.of(values, n), y, n);
    assertThat(tensors.floats(y)[1]).isEqualTo(n - 2);
    assertThat(reverse.blocksPerMultiprocessor(256, 4 * n)).isEqualTo(1);
  }

  @Test
  void theCopyEngineReadsBoxesAndZerosBeyondTheEdge() {
    float[] values = new float[20 * 24];
    for (int i = 0; i < values.length; i++) {
      values[i] = i + 1;
    }
    Tensor x = tensors.of(values, 20, 24);
    Tensor y = tensors.of(new float[8 * 16], 8, 16);
    byte[] map = TensorMap.of(x, 8, 16, TensorMap.Swizzle.NONE);
    module.kernel("box").launch(Grid.of(1, 32), map, y, 14, 12);
    float[] box = tensors.floats(y);
    for (int i = 0; i < box.length; i++) {
      int row = 14 + i / 16;
      int column = 12 + i % 16;
      assertThat(box[i]).isEqualTo(row < 20 && column < 24 ? row * 24 + column + 1 : 0);
    }
  }

  @Test
  void argumentsThatDoNotFitAreRefusedByName() {
    Tensor x = tensors.of(new float[1], 1);
    Kernel increment = module.kernel("increment");
    assertThatThrownBy(() -> increment.launch(Grid.of(1, 32), x, 1L))
        .hasMessage(
            "Cannot launch kernel probe.increment: argument 1 (Long) has 8 bytes, the parameter"
                + " has 4");
    assertThatThrownBy(() -> increment.launch(Grid.of(1, 32), x))
        .hasMessage("Cannot launch kernel probe.increment: 1 arguments given, it has 2 parameters");
    assertThatThrownBy(() -> increment.launch(Grid.of(1, 32), x, "1"))
        .hasMessageStartingWith("Cannot launch kernel probe.increment: argument 1 is a String");
    assertThatThrownBy(() -> increment.launch(Grid.of(1, 5000), x, 1))
        .hasMessageStartingWith("Cannot launch kernel probe.increment with Grid")
        .hasMessageContaining("CUDA_ERROR_INVALID_VALUE");
  }

  @Test
  void whatIsNotThereIsNamed() {
    assertThatThrownBy(() -> module.kernel("missing"))
        .hasMessageStartingWith("Cannot find kernel probe.missing: ");
    assertThatThrownBy(() -> KernelModule.load("nothing", backend.stream()))
        .hasMessage("Cannot load kernels nothing: no fatbin in this build (build where nvcc is)");
  }
}
