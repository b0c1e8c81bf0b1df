package io.octavo.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.octavo.format.Bfloat16;
import io.octavo.format.CorruptDataException;
import io.octavo.format.ElementFormat;
import io.octavo.format.IntegerFormat;
import io.octavo.format.Rounding;
import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.quant.WeightScheme;
import io.octavo.reference.ReferenceBackend;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostWeight;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Linear layers of served models against the reference, and against themselves row by row. */
public abstract class LinearKernelsContract {

  private static final int ROWS = 7;
  private static final int OUTPUTS = 44;
  private static final int INPUTS = 416;

  protected abstract Backend open();

  /** Largest relative error against sums in double. */
  protected double limit() {
    return 2e-6;
  }

  static Stream<WeightScheme> schemes() {
    return Stream.of(
        WeightScheme.dense(),
        WeightScheme.fp8(new Granularity.PerTensor()),
        WeightScheme.fp8(new Granularity.PerRow()),
        WeightScheme.fp8(new Granularity.Block(128, 128)),
        WeightScheme.int8(),
        WeightScheme.w4a8(new IntegerFormat(4), 32),
        WeightScheme.w4a8(ElementFormat.E2M1, 64),
        WeightScheme.w4a8(ElementFormat.E2M1, 256),
        WeightScheme.w4a16(128));
  }

  /** A normal weight as {@code scheme} has it, with a bias. */
  static HostWeight weight(WeightScheme scheme, int outputs, int inputs, DataType dense) {
    RandomStream random = new RandomStream(5, 0);
    float[] values = new float[outputs * inputs];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.normal(i) * (1 + i % 3);
    }
    float[] bias = new float[outputs];
    for (int n = 0; n < outputs; n++) {
      bias[n] = (float) random.normal(n + (1L << 40));
    }
    Shape shape = Shape.of(outputs, inputs);
    if (scheme.weight().isEmpty()) {
      ByteBuffer bytes = bytes(values.length * dense.bytes());
      for (int i = 0; i < values.length; i++) {
        if (dense == DataType.BF16) {
          bytes.putShort(2 * i, Bfloat16.encode(values[i]));
        } else {
          bytes.putFloat(4 * i, values[i]);
        }
      }
      return new HostWeight(
          shape, scheme, dense, bytes, FloatBuffer.allocate(0), Optional.of(bias));
    }
    QuantSpec spec = scheme.weight().get();
    try (ReferenceBackend reference = new ReferenceBackend();
        Tensors tensors = new Tensors(reference)) {
      QuantizedTensor cast = tensors.codes(spec, outputs, inputs);
      reference.quantize().quantize(tensors.of(values, outputs, inputs), cast, RandomStream.NONE);
      ByteBuffer codes = bytes(values.length);
      codes.put(0, tensors.codes(cast.codes()));
      return new HostWeight(
          shape,
          scheme,
          DataType.U8,
          codes,
          FloatBuffer.wrap(tensors.scales(cast)),
          Optional.of(bias));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static ByteBuffer bytes(int count) {
    return ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static float[] apply(Backend backend, HostWeight weight, float[] x, int rows)
      throws Exception {
    try (Tensors tensors = new Tensors(backend);
        PackedWeight packed = backend.linear().pack(weight)) {
      Tensor input = Activations.of(backend, tensors, x, rows, weight.columns());
      Tensor result = Activations.empty(backend, tensors, rows, weight.rows());
      Tensor workspace =
          tensors.zeros(
              backend.linear().workspaceElements(weight.shape(), weight.scheme(), rows) + 1);
      backend.linear().apply(packed, input, result, workspace);
      backend.synchronize();
      return tensors.read(result);
    }
  }

  /** Numbers that BF16 holds, of very different sizes from row to row. */
  private static float[] inputs(int rows, int columns) {
    RandomStream random = new RandomStream(6, 0);
    float[] x = new float[rows * columns];
    for (int i = 0; i < x.length; i++) {
      x[i] = Bfloat16.round((float) (random.normal(i) * Math.pow(4, i / columns % 5 - 2)));
    }
    return x;
  }

  @ParameterizedTest
  @MethodSource("schemes")
  void multipliesAsTheReference(WeightScheme scheme) throws Exception {
    for (DataType dense : new DataType[] {DataType.F32, DataType.BF16}) {
      HostWeight weight = weight(scheme, OUTPUTS, INPUTS, dense);
      float[] x = inputs(ROWS, INPUTS);
      try (Backend backend = open();
          ReferenceBackend reference = new ReferenceBackend()) {
        float[] actual = apply(backend, weight, x, ROWS);
        float[] expected = apply(reference, weight, x, ROWS);
        for (int m = 0; m < ROWS; m++) {
          float[] row = Arrays.copyOfRange(actual, m * OUTPUTS, (m + 1) * OUTPUTS);
          float[] right = Arrays.copyOfRange(expected, m * OUTPUTS, (m + 1) * OUTPUTS);
          assertThat(Tensors.relativeError(row, right)).as("row %d", m).isLessThan(limit());
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("schemes")
  void givesARowTheSameBitsAloneAndBesideOthers(WeightScheme scheme) throws Exception {
    HostWeight weight = weight(scheme, OUTPUTS, INPUTS, DataType.BF16);
    float[] x = inputs(ROWS, INPUTS);
    try (Backend backend = open()) {
      float[] together = apply(backend, weight, x, ROWS);
      for (int m = 0; m < ROWS; m++) {
        float[] row = Arrays.copyOfRange(x, m * INPUTS, (m + 1) * INPUTS);
        float[] alone = apply(backend, weight, row, 1);
        assertThat(alone).isEqualTo(Arrays.copyOfRange(together, m * OUTPUTS, (m + 1) * OUTPUTS));
      }
    }
  }

  /** Enough rows that a backend may go another way about them. */
  @ParameterizedTest
  @MethodSource("schemes")
  void givesARowTheSameBitsAmongManyOthers(WeightScheme scheme) throws Exception {
    try (Backend backend = open()) {
      for (int[] shape : shapesForManyRows()) {
        int outputs = shape[0];
        int inputs = shape[1];
        HostWeight weight = weight(scheme, outputs, inputs, DataType.BF16);
        float[] x = inputs(300, inputs);
        float[] all = apply(backend, weight, x, 300);
        for (int rows : new int[] {1, 2, 7, 16, 33, 64, 65, 256}) {
          float[] few = Arrays.copyOfRange(x, (300 - rows) * inputs, 300 * inputs);
          assertThat(apply(backend, weight, few, rows))
              .as("%d rows, %s", rows, Arrays.toString(shape))
              .isEqualTo(Arrays.copyOfRange(all, (300 - rows) * outputs, 300 * outputs));
        }
      }
    }
  }

  /** Outputs and inputs between which a backend may choose another way. */
  protected int[][] shapesForManyRows() {
    return new int[][] {{140, 1152}, {139, 1152}};
  }

  /** Also the most negative, which no quantization of ours gives. */
  @Test
  void takesEveryCodeOfFourBits() throws Exception {
    WeightScheme scheme = WeightScheme.w4a8(new IntegerFormat(4), 32);
    HostWeight weight = weight(scheme, OUTPUTS, INPUTS, DataType.BF16);
    for (int i = 0; i < OUTPUTS * INPUTS; i++) {
      weight.values().put(i, (byte) (i * 7 % 16));
    }
    float[] x = inputs(ROWS, INPUTS);
    try (Backend backend = open();
        ReferenceBackend reference = new ReferenceBackend()) {
      float[] expected = apply(reference, weight, x, ROWS);
      assertThat(Tensors.relativeError(apply(backend, weight, x, ROWS), expected))
          .isLessThan(limit());
    }
  }

  @ParameterizedTest
  @MethodSource("schemes")
  void takesAwkwardSizes(WeightScheme scheme) throws Exception {
    if (scheme.weight().isPresent()
        && !(scheme.weight().get().granularity() instanceof Granularity.PerRow)) {
      return;
    }
    try (Backend backend = open();
        ReferenceBackend reference = new ReferenceBackend()) {
      for (int inputs : widths()) {
        HostWeight weight = weight(scheme, 13, inputs, DataType.F32);
        float[] x = inputs(5, inputs);
        assertThat(
                Tensors.relativeError(apply(backend, weight, x, 5), apply(reference, weight, x, 5)))
            .as("K = %d", inputs)
            .isLessThan(limit());
      }
    }
  }

  /** Widths of inputs that are no multiple of anything. */
  protected int[] widths() {
    return new int[] {1, 31, 127, 1000};
  }

  @Test
  void refusesWeightsThatAreNotFinite() {
    WeightScheme scheme =
        new WeightScheme(
            Optional.of(
                new QuantSpec(
                    ElementFormat.E4M3,
                    io.octavo.format.ScaleFormat.FP32,
                    new Granularity.PerTensor(),
                    Rounding.NEAREST_EVEN)),
            io.octavo.quant.ActivationCast.E4M3);
    ByteBuffer codes = bytes(64).put(33, (byte) 0x7F);
    HostWeight weight =
        new HostWeight(
            Shape.of(2, 32),
            scheme,
            DataType.U8,
            codes,
            FloatBuffer.wrap(new float[] {1}),
            Optional.empty());
    try (Backend backend = open()) {
      assertThatThrownBy(() -> backend.linear().pack(weight))
          .isInstanceOf(CorruptDataException.class)
          .hasMessageContaining("[1, 1]");
    }
  }

  /** Tensors of the type that a backend's activations are. */
  static final class Activations {
    private Activations() {}

    static Tensor empty(Backend backend, Tensors tensors, int rows, int columns) {
      return tensors.empty(type(backend), rows, columns);
    }

    static Tensor of(Backend backend, Tensors tensors, float[] values, int rows, int columns) {
      Tensor numbers = tensors.of(values, rows, columns);
      if (type(backend) == DataType.F32) {
        return numbers;
      }
      Tensor narrow = empty(backend, tensors, rows, columns);
      backend.quantize().convert(numbers, narrow);
      return narrow;
    }

    static DataType type(Backend backend) {
      return backend.activationType(io.octavo.quant.Recipe.of("bf16"));
    }
  }
}
