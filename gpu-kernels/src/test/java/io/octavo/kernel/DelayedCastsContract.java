package io.octavo.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.format.Bfloat16;
import io.octavo.format.ElementFormat;
import io.octavo.format.Rounding;
import io.octavo.quant.AmaxHistory;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.tensor.CastTarget;
import io.octavo.tensor.DataType;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;
import io.octavo.tensor.Transposed;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Delayed scaling against a plain list of what was cast before. */
public abstract class DelayedCastsContract {

  private static final int ROWS = 31;
  private static final int COLUMNS = 70;
  private static final QuantSpec SPEC = QuantSpec.perTensor(ElementFormat.E4M3);

  private Backend backend;
  private Tensors tensors;

  protected abstract Backend open();

  @BeforeEach
  void start() {
    backend = open();
    tensors = new Tensors(backend);
  }

  @AfterEach
  void stop() throws Exception {
    tensors.close();
    backend.close();
  }

  private static float amax(float[] values) {
    float amax = 0;
    for (float value : values) {
      amax = Math.max(amax, Math.abs(value));
    }
    return amax;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4, 16})
  void scalesByTheLargestAmaxOfTheLastCasts(int casts) {
    Tensor history = tensors.zeros(AmaxHistory.elements(casts));
    List<Float> before = new ArrayList<>();
    QuantizedTensor rowwise = tensors.codes(SPEC, ROWS, COLUMNS);
    Transposed columnwise = new Transposed(tensors.codes(SPEC, COLUMNS, ROWS));
    Tensor narrow = tensors.empty(DataType.BF16, ROWS, COLUMNS);
    int saturated = 0;
    for (int step = 0; step < 3 * casts + 5; step++) {
      // Zeros first, then numbers whose size goes up and down by whole orders of magnitude.
      double deviation = step < 2 ? 0 : Math.pow(10, 2 * Math.sin(1.3 * step));
      Tensor source = tensors.normal(step, deviation, ROWS, COLUMNS);
      backend
          .quantize()
          .castDelayed(
              new CastTarget(source, List.of(rowwise, columnwise, narrow)),
              history,
              RandomStream.NONE);

      float[] values = tensors.read(source);
      float own = amax(values);
      List<Float> last = before.subList(Math.max(0, before.size() - casts), before.size());
      float largest = last.isEmpty() ? 0 : Collections.max(last);
      float amax = largest > 0 ? largest : own;
      float scale = amax > 0 ? amax / 448 : 1;
      before.add(own);
      assertThat(tensors.read(rowwise.scales())).as("step %d", step).containsExactly(scale);
      assertThat(tensors.read(columnwise.stored().scales())).containsExactly(scale);
      byte[] codes = tensors.codes(rowwise.codes());
      byte[] turnedCodes = tensors.codes(columnwise.stored().codes());
      for (int at = 0; at < values.length; at++) {
        int code = ElementFormat.E4M3.encode(values[at] / scale, Rounding.NEAREST_EVEN, 0);
        int turned = at % COLUMNS * ROWS + at / COLUMNS;
        assertThat(codes[at] & 0xFF).as("step %d, element %d", step, at).isEqualTo(code);
        assertThat(turnedCodes[turned] & 0xFF).isEqualTo(code);
        saturated += Math.abs(values[at]) > 448 * scale * 1.1f ? 1 : 0;
      }
      assertThat(tensors.read(narrow)[5]).isEqualTo(Bfloat16.round(values[5]));
    }
    assertThat(saturated).as("numbers that an old scale does not reach").isPositive();
  }

  /** As after a checkpoint, which holds the history but no codes. */
  @Test
  void castsTheSameMatrixAgainByTheSameScale() {
    Tensor history = tensors.zeros(AmaxHistory.elements(3));
    QuantizedTensor rowwise = tensors.codes(SPEC, ROWS, COLUMNS);
    for (int step = 0; step < 8; step++) {
      Tensor source = tensors.normal(step, Math.pow(3, step % 4), ROWS, COLUMNS);
      CastTarget target = new CastTarget(source, List.of(rowwise));
      backend.quantize().castDelayed(target, history, RandomStream.NONE);
      byte[] codes = tensors.codes(rowwise.codes());
      float[] scale = tensors.read(rowwise.scales());
      float[] known = tensors.read(history);

      backend
          .quantize()
          .cast(
              new CastTarget(tensors.normal(77, 5, ROWS, COLUMNS), List.of(rowwise)),
              RandomStream.NONE);
      backend.quantize().recastDelayed(target, history, RandomStream.NONE);
      assertThat(tensors.codes(rowwise.codes())).as("step %d", step).isEqualTo(codes);
      assertThat(tensors.read(rowwise.scales())).isEqualTo(scale);
      assertThat(tensors.read(history)).isEqualTo(known);
    }
  }
}
