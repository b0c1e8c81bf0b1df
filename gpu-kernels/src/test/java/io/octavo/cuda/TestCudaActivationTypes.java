package io.octavo.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.octavo.format.ElementFormat;
import io.octavo.kernel.Gpu;
import io.octavo.kernel.LossKernels;
import io.octavo.kernel.RotaryKernels;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Operand;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Layers on activations of every type, through every kernel that a shape can choose. */
@Gpu
class TestCudaActivationTypes {

  private static final float EPSILON = 1e-5f;

  /** How a layer's input is given. */
  enum Given {
    NUMBERS,
    CODES;

    Operand of(LayerCase.Side side, long seed, double deviation, long rows, long columns) {
      return this == NUMBERS
          ? side.activations(seed, deviation, rows, columns)
          : side.codes(seed, deviation, rows, columns);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "F32, NUMBERS, 7, 8192",
    "F32, CODES, 129, 1000",
    "F32, CODES, 13, 31",
    "F32, NUMBERS, 3, 20008",
    "BF16, NUMBERS, 1, 8",
    "BF16, NUMBERS, 13, 31",
    "BF16, NUMBERS, 1000, 272",
    "BF16, NUMBERS, 129, 2048",
    "BF16, NUMBERS, 67, 4096",
    "BF16, NUMBERS, 5, 16384",
    "BF16, CODES, 1, 8",
    "BF16, CODES, 127, 33",
    "BF16, CODES, 129, 2048",
    "BF16, CODES, 67, 4096"
  })
  void normalizesRows(DataType type, Given given, int rows, int columns) throws Exception {
    try (LayerCase layers = new LayerCase(type)) {
      layers.compare(
          side -> {
            Operand x = given.of(side, 1, 3, rows, columns);
            Tensor weight = side.tensors().normal(2, 1, columns);
            Tensor y = side.room(rows, columns);
            Tensor rstd = side.tensors().zeros(rows, 1);
            side.backend().norm().rmsNorm(x, weight, EPSILON, y, rstd);
            Tensor dx = side.activations(3, 1, rows, columns);
            Tensor dweight = side.tensors().normal(4, 1, columns);
            Tensor dy = side.activations(5, 1, rows, columns);
            side.backend().norm().rmsNormBackward(dy, x, weight, rstd, dx, dweight);
            return new Tensor[] {y, rstd, dx, dweight};
          });
    }
  }

  @ParameterizedTest
  @CsvSource({
    "F32, CODES, 127, 1000",
    "F32, CODES, 7, 13",
    "BF16, NUMBERS, 1, 1",
    "BF16, NUMBERS, 7, 13",
    "BF16, NUMBERS, 127, 5632",
    "BF16, CODES, 127, 33",
    "BF16, CODES, 77, 1000"
  })
  void gates(DataType type, Given given, int rows, int width) throws Exception {
    try (LayerCase layers = new LayerCase(type)) {
      layers.compare(
          side -> {
            Operand gateUp = given.of(side, 1, 4, rows, 2L * width);
            Tensor out = side.room(rows, width);
            side.backend().activation().swiGlu(gateUp, out);
            Tensor dout = side.activations(2, 1, rows, width);
            // In place where that is allowed.
            Tensor dGateUp = gateUp instanceof Tensor tensor ? tensor : side.room(rows, 2L * width);
            side.backend().activation().swiGluBackward(dout, gateUp, dGateUp);
            return new Tensor[] {out, dGateUp};
          });
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "7, 13", "1000, 272", "5, 4104"})
  void addsScalesAndBiases(int rows, int columns) throws Exception {
    try (LayerCase layers = new LayerCase(DataType.BF16)) {
      layers.compare(
          side -> {
            var kernels = side.backend().activation();
            Tensor source = side.activations(1, 1, rows, columns);
            Tensor sum = side.activations(2, 1, rows, columns);
            kernels.add(source, sum);
            Tensor scaled = side.activations(3, 1, rows, columns);
            kernels.scale(scaled, 0.3f);
            Tensor biased = side.activations(4, 1, rows, columns);
            kernels.addBias(side.tensors().normal(5, 1, columns), biased);
            Tensor dbias = side.tensors().normal(6, 1, columns);
            kernels.biasBackward(source, dbias);
            return new Tensor[] {sum, scaled, biased, dbias};
          });
    }
  }

  @ParameterizedTest
  @CsvSource({
    "BF16, 13, 3, 6, 5",
    "BF16, 127, 5, 64, 128",
    "BF16, 9, 20, 128, 2048",
    "F32, 31, 3, 96, 96"
  })
  void rotates(DataType type, int rows, int heads, int headSize, int rest) throws Exception {
    int[] positions = new int[rows];
    Arrays.setAll(positions, i -> i * 7 % rows);
    try (LayerCase layers = new LayerCase(type)) {
      for (RotaryKernels.Direction direction : RotaryKernels.Direction.values()) {
        layers.compare(
            side -> {
              Tensor x = side.activations(1, 1, rows, (long) heads * headSize + rest);
              Tensor cosine = side.tensors().normal(2, 1, rows, headSize / 2);
              Tensor sine = side.tensors().normal(3, 1, rows, headSize / 2);
              Tensor position = side.tensors().ints(positions);
              side.backend().rotary().rotate(x, heads, position, cosine, sine, direction);
              return new Tensor[] {x};
            });
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1, 2, 1",
    "50, 13, 31",
    "9001, 272, 264",
    "127, 1000, 256",
    "40000, 5000, 24",
    "16384, 700, 40"
  })
  void looksUpRowsAndAddsTheirGradientsInOrder(int rows, int vocabulary, int columns)
      throws Exception {
    int[] ids = new int[rows];
    Arrays.setAll(ids, i -> (int) ((long) i * i % vocabulary));
    try (LayerCase layers = new LayerCase(DataType.BF16)) {
      List<float[]> tables = new ArrayList<>();
      layers.compare(
          side -> {
            Tensor id = side.tensors().ints(ids);
            Tensor out = side.room(rows, columns);
            side.backend()
                .embedding()
                .gather(side.tensors().normal(1, 1, vocabulary, columns), id, out);
            Tensor fromNarrow = side.room(rows, columns);
            side.backend()
                .embedding()
                .gather(side.activations(2, 1, vocabulary, columns), id, fromNarrow);
            Tensor dtable = side.tensors().normal(3, 1, vocabulary, columns);
            Tensor dout = side.activations(4, 1, rows, columns);
            side.backend().embedding().scatterAdd(dout, id, dtable);
            tables.add(side.read(dtable));
            return new Tensor[] {out, fromNarrow, dtable};
          });
      assertThat(tables.get(0)).isEqualTo(tables.get(1));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "BF16, 13, 31",
    "BF16, 127, 272",
    "BF16, 5, 16000",
    "BF16, 5, 32000",
    "BF16, 3, 50264",
    "BF16, 4, 65536",
    "BF16, 5, 128256",
    "BF16, 4, 151936",
    "BF16, 4, 262144",
    "F32, 5, 32000",
    "F32, 3, 4099"
  })
  void measuresCrossEntropy(DataType type, int rows, int vocabulary) throws Exception {
    int[] targets = new int[rows];
    Arrays.setAll(
        targets, i -> i % 5 == 3 ? LossKernels.IGNORED : (int) ((i + 1) * 7919L % vocabulary));
    try (LayerCase layers = new LayerCase(type)) {
      layers.compare(
          side -> {
            Tensor target = side.tensors().ints(targets);
            Tensor logits = side.activations(1, 5, rows, vocabulary);
            Tensor losses = side.tensors().normal(9, 1, rows);
            side.backend().loss().crossEntropy(logits, target, losses);
            Tensor again = side.tensors().normal(9, 1, rows);
            side.backend().loss().crossEntropyBackward(logits, target, again, 0.25f);
            return new Tensor[] {losses, again, logits};
          });
    }
  }

  /** Of a row whose target is almost certain, the loss is the others' small share. */
  @ParameterizedTest
  @EnumSource(
      value = DataType.class,
      names = {"F32", "BF16"})
  void lossesOfCertainTargetsKeepTheirDigits(DataType type) throws Exception {
    try (LayerCase layers = new LayerCase(type)) {
      layers.compare(
          side -> {
            Tensor logits = side.activations(1, 1, 1, 40);
            side.backend().activation().scale(logits, 16);
            Tensor target = side.tensors().ints(new int[] {largest(side.read(logits))});
            Tensor losses = side.tensors().zeros(1);
            side.backend().loss().crossEntropyBackward(logits, target, losses, 1);
            return new Tensor[] {losses, logits};
          });
    }
  }

  private static int largest(float[] values) {
    int at = 0;
    for (int i = 1; i < values.length; i++) {
      at = values[i] > values[at] ? i : at;
    }
    return at;
  }

  /** What a layer leaves for the cast that follows must be the amax of what it wrote. */
  @ParameterizedTest
  @CsvSource({"129, 2048", "48, 304", "1, 16", "31, 30"})
  void castsAfterLayersHaveTheScaleOfWhatWasWritten(int rows, int columns) throws Exception {
    try (LayerCase layers = new LayerCase(DataType.BF16)) {
      LayerCase.Side device = layers.device();
      var backend = device.backend();
      Tensor x = device.activations(1, 3, rows, columns);
      Tensor weight = device.tensors().normal(2, 1, columns);
      Tensor y = device.room(rows, columns);
      Tensor rstd = device.tensors().zeros(rows, 1);
      assertCast(device, y, () -> backend.norm().rmsNorm(x, weight, EPSILON, y, rstd));
      Tensor dx = device.activations(3, 9, rows, columns);
      Tensor dweight = device.tensors().zeros(columns);
      assertCast(device, dx, () -> backend.norm().rmsNormBackward(y, x, weight, rstd, dx, dweight));
      Tensor half = device.room(rows, columns / 2);
      assertCast(device, half, () -> backend.activation().swiGlu(x, half));
      assertCast(device, y, () -> backend.activation().swiGluBackward(half, x, y));
      Tensor angles = device.tensors().normal(4, 1, rows, 4);
      Tensor position = device.tensors().ints(new int[rows]);
      RotaryKernels.Direction backward = RotaryKernels.Direction.BACKWARD;
      assertCast(
          device, x, () -> backend.rotary().rotate(x, 1, position, angles, angles, backward));
    }
  }

  private static void assertCast(LayerCase.Side device, Tensor written, Runnable layer) {
    // Made before: whatever comes between the layer and the cast would end the layer's note.
    QuantizedTensor cast =
        device
            .tensors()
            .codes(QuantSpec.perTensor(ElementFormat.E4M3), written.rows(), written.columns());
    layer.run();
    device.backend().quantize().quantize(written, cast, RandomStream.NONE);
    float amax = 0;
    for (float value : device.read(written)) {
      amax = Math.max(amax, Math.abs(value));
    }
    assertThat(device.read(cast.scales())).containsExactly(amax / 448);
  }

  @ParameterizedTest
  @CsvSource({"E5M2", "E4M3"})
  void otherCodesAreRefused(String element) throws Exception {
    try (LayerCase layers = new LayerCase(DataType.BF16)) {
      LayerCase.Side device = layers.device();
      QuantSpec spec =
          QuantSpec.perTensor(element.equals("E4M3") ? ElementFormat.E4M3 : ElementFormat.E5M2);
      QuantizedTensor codes = device.tensors().codes(spec, 4, 32);
      Tensor out = device.room(4, 16);
      assertThatThrownBy(() -> device.backend().activation().swiGlu(codes, out))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("expected F32, BF16, or E4M3 with BF16 scales of 16");
    }
  }
}
