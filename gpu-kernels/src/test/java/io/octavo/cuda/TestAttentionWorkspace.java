package io.octavo.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.kernel.AttentionKernels.Geometry;
import io.octavo.kernel.Tensors;
import io.octavo.reference.ReferenceBackend;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TestAttentionWorkspace {

  /** Sequences, their length, its padding, query heads, head size. */
  @ParameterizedTest
  @CsvSource({"1,1,128,1,64", "3,128,128,4,128", "2,129,256,6,64", "2,77,128,3,80"})
  void partsFillItWithoutOverlapping(int batch, int time, int padded, int heads, int headSize)
      throws Exception {
    AttentionWorkspace workspace =
        new AttentionWorkspace(new Geometry(batch, time, heads, heads, headSize));
    assertThat(workspace.paddedTime()).isEqualTo(padded);
    try (Tensors tensors = new Tensors(new ReferenceBackend())) {
      Tensor memory = tensors.zeros(workspace.elements());
      fill(workspace.querySums(memory), 1);
      fill(workspace.logSumExp(memory), 2);
      fill(workspace.delta(memory), 3);
      HostBuffer ends = HostBuffer.of(workspace.documentEnd(memory));
      assertThat(ends.elements()).isEqualTo((long) batch * padded);
      int four = Float.floatToRawIntBits(4);
      for (int i = 0; i < ends.elements(); i++) {
        ends.ints().put(i, four);
      }
      int rows = batch * heads * padded;
      float[] expected = new float[Math.toIntExact(memory.elements())];
      Arrays.fill(expected, 4);
      Arrays.fill(expected, 0, rows * headSize, 1);
      Arrays.fill(expected, rows * headSize, rows * (headSize + 1), 2);
      Arrays.fill(expected, rows * (headSize + 1), rows * (headSize + 2), 3);
      assertThat(Tensors.floats(memory)).isEqualTo(expected);
    }
  }

  private static void fill(Tensor part, float value) {
    float[] values = new float[Math.toIntExact(part.elements())];
    Arrays.fill(values, value);
    HostBuffer.of(part).put(values);
  }
}
