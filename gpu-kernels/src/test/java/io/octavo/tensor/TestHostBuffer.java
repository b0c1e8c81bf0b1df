package io.octavo.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class TestHostBuffer {

  private final AtomicInteger released = new AtomicInteger();

  private HostBuffer open(long bytes) {
    return HostBuffer.allocate(bytes, released::incrementAndGet);
  }

  @Test
  void startsZeroedAndAligned() {
    try (HostBuffer buffer = open(1000)) {
      assertThat(buffer.floatPointer().address() % ArenaPlan.ALIGNMENT).isZero();
      for (int i = 0; i < 1000; i++) {
        assertThat(buffer.codes().get(i)).isZero();
      }
    }
  }

  @Test
  void windowsShareMemoryUnderOtherTypes() {
    try (HostBuffer buffer = open(64)) {
      HostBuffer floats = buffer.window(DataType.F32, 8, 3);
      floats.put(new float[] {1, 2, 3});
      assertThat(buffer.window(DataType.I32, 12, 1).toInts())
          .containsExactly(Float.floatToRawIntBits(2));
      assertThat(floats.floatPointer().get(2)).isEqualTo(3);
      floats.fillZero();
      assertThat(floats.toFloats()).containsOnly(0);
    }
  }

  @Test
  void refusesWindowsThatAreNotInside() {
    try (HostBuffer buffer = open(64)) {
      HostBuffer window = buffer.window(DataType.F32, 16, 4);
      assertThatThrownBy(() -> buffer.window(DataType.F32, 0, 17))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> buffer.window(DataType.F32, -4, 1))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> buffer.window(DataType.F32, 2, 1))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> window.window(DataType.F32, 4, 4))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void isGivenBackOnceAndGivesNoWindowsAfterwards() {
    HostBuffer buffer = open(64);
    buffer.window(DataType.F32, 0, 4).close();
    assertThat(released).hasValue(0);
    buffer.close();
    buffer.close();
    assertThat(released).hasValue(1);
    assertThatThrownBy(() -> buffer.window(DataType.F32, 0, 1))
        .isInstanceOf(IndexOutOfBoundsException.class)
        .hasMessageContaining("closed");
  }

  @Test
  void windowsLieAnywhereInABufferOfMoreThanTwoGibibytes() {
    long bytes = (3L << 30) + 64;
    try (HostBuffer buffer = open(bytes)) {
      HostBuffer last = buffer.window(DataType.F32, bytes - 8, 2);
      last.put(new float[] {5, 6});
      assertThat(last.toFloats()).containsExactly(5, 6);
      assertThat(buffer.window(DataType.F32, bytes - 4, 1).toFloats()).containsExactly(6);
    }
  }
}
