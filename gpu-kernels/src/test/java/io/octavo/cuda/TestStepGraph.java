package io.octavo.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.octavo.kernel.Gpu;
import io.octavo.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@Gpu
class TestStepGraph {

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

  @Test
  void capturingAndEachReplayRunAllOfIt() {
    Tensor x = tensors.of(new float[7], 7);
    Kernel increment = module.kernel("increment");
    try (StepGraph step =
        backend.capture(
            () -> {
              increment.launch(Grid.of(1, 32), x, 7);
              increment.launch(Grid.of(1, 32), x, 3);
            })) {
      assertThat(step.nodes()).isEqualTo(2);
      assertThat(tensors.floats(x)).containsExactly(2, 2, 2, 1, 1, 1, 1);
      for (int i = 1; i < 100; i++) {
        step.run();
      }
      assertThat(tensors.floats(x)).containsExactly(200, 200, 200, 100, 100, 100, 100);
    }
  }

  @Test
  void feedAndMetricsAreCopiedInsideAStep() {
    Tensor x = tensors.of(new float[2], 2);
    Kernel increment = module.kernel("increment");
    try (PinnedBuffer feed = backend.pin(8);
        PinnedBuffer metrics = backend.pin(8);
        StepGraph step =
            backend.capture(
                () -> {
                  backend.upload(feed, x);
                  increment.launch(Grid.of(1, 32), x, 2);
                  backend.download(x, metrics);
                })) {
      for (int i = 0; i < 3; i++) {
        feed.bytes().putFloat(0, i).putFloat(4, -i);
        step.run();
        backend.synchronize();
        assertThat(metrics.bytes().getFloat(0)).isEqualTo(1 + i);
        assertThat(metrics.bytes().getFloat(4)).isEqualTo(1 - i);
      }
    }
  }

  @Test
  void workThatFailsOrWaitsLeavesTheStreamUsable() {
    Tensor x = tensors.of(new float[1], 1);
    assertThatThrownBy(
            () ->
                backend.capture(
                    () -> {
                      throw new IllegalStateException("the model's own");
                    }))
        .hasMessage("the model's own");
    assertThatThrownBy(() -> backend.capture(backend::synchronize))
        .hasMessageContaining("CUDA_ERROR_STREAM_CAPTURE");
    module.kernel("increment").launch(Grid.of(1, 32), x, 1);
    assertThat(tensors.floats(x)).containsExactly(1);
  }
}
