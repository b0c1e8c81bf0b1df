package io.octavo.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.octavo.kernel.Gpu;
import io.octavo.tensor.Buffer;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Gpu
class TestCudaMemory {

  private CudaBackend backend;
  private DeviceTensors tensors;

  @BeforeEach
  void open() {
    backend = CudaBackend.open(0);
    tensors = new DeviceTensors(backend);
  }

  @AfterEach
  void close() {
    tensors.close();
    backend.close();
  }

  private static ByteBuffer random(int bytes) {
    byte[] content = new byte[bytes];
    new Random(bytes).nextBytes(content);
    return ByteBuffer.wrap(content);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 13, 4098, 8 << 20, (8 << 20) + 1, (33 << 20) + 5})
  void whatIsUploadedComesBackThroughAllChunks(int bytes) {
    ByteBuffer content = random(bytes);
    Tensor first = tensors.empty(DataType.U8, bytes);
    Tensor second = tensors.empty(DataType.U8, bytes);
    backend.upload(content, first);
    backend.copy(first, second);
    backend.zero(first);
    ByteBuffer back = ByteBuffer.allocate(bytes);
    backend.download(second, back);
    assertThat(back.array()).isEqualTo(content.array());
    backend.download(first, back);
    assertThat(back.array()).isEqualTo(new byte[bytes]);
  }

  @Test
  void newMemoryIsZeroAlsoWhereOldContentLay() {
    int bytes = 1 << 20;
    try (Buffer used = backend.allocate(bytes)) {
      backend.upload(random(bytes), new Tensor(Shape.of(bytes), used));
    }
    ByteBuffer content = ByteBuffer.allocate(bytes);
    backend.download(tensors.empty(DataType.U8, bytes), content);
    assertThat(content.array()).isEqualTo(new byte[bytes]);
  }

  @Test
  void windowsShareMemoryAndStayInside() {
    Tensor whole = tensors.of(new float[] {0, 1, 2, 3, 4, 5}, 3, 2);
    assertThat(tensors.floats(whole.rowRange(1, 3))).containsExactly(2, 3, 4, 5);
    backend.zero(whole.rowRange(1, 2));
    assertThat(tensors.floats(whole)).containsExactly(0, 1, 0, 0, 4, 5);
    assertThatThrownBy(() -> whole.rowRange(2, 4)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> whole.buffer().window(DataType.F32, 2, 1))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void pinnedCopiesHappenInTheOrderOfTheStream() {
    Tensor tensor = tensors.empty(DataType.U8, 1000);
    try (PinnedBuffer in = backend.pin(1000);
        PinnedBuffer out = backend.pin(1000)) {
      in.bytes().put(random(1000));
      backend.upload(in, tensor);
      backend.download(tensor, out);
      backend.synchronize();
      assertThat(out.bytes()).isEqualTo(in.bytes());
    }
  }

  @Test
  void hostTensorsAreRefused() {
    try (HostBuffer host = HostBuffer.allocate(4, () -> {})) {
      assertThatThrownBy(() -> backend.zero(new Tensor(Shape.of(4), host)))
          .hasMessage("Cannot use tensor [4] on the GPU: it lies on the host");
    }
  }

  @Test
  void tooMuchMemoryIsRefusedWithTheNumbers() {
    assertThatThrownBy(() -> backend.allocate(1L << 50))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageMatching("(?s)Cannot allocate 1,125,\\S+ bytes on .*out of memory.*are free\\)");
  }

  @Test
  void closingWithOpenBuffersFails() {
    CudaBackend other = CudaBackend.open(0);
    Buffer forgotten = other.allocate(1);
    assertThatThrownBy(other::close)
        .hasMessage("Cannot close backend cuda: 1 buffers are still open");
    assertThat(forgotten.bytes()).isEqualTo(1);
  }

  @Test
  void anotherThreadMayGoOn() throws InterruptedException {
    Tensor tensor = tensors.of(new float[] {1, 2}, 2);
    Thread thread = new Thread(() -> backend.zero(tensor));
    thread.start();
    thread.join();
    assertThat(tensors.floats(tensor)).containsExactly(0, 0);
  }
}
