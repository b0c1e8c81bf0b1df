package io.octavo.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.format.Bfloat16;
import io.octavo.kernel.CastingKernels;
import io.octavo.kernel.ComposedCasting;
import io.octavo.kernel.Gpu;
import io.octavo.quant.LinearOperand;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.quant.Recipe;
import io.octavo.tensor.CastTarget;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Operand;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;
import io.octavo.tensor.Transposed;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Layers that cast their results give the codes of the layer followed by the cast. */
@Gpu
class TestCudaCastingKernels {

  private static final float EPSILON = 1e-5f;

  /** A layer's cast in all its parts. */
  private record Result(List<byte[]> codes, List<float[]> scales) {}

  private static Recipe recipe(String name) {
    return switch (name) {
      case "coat" -> new Recipe.Coat();
      case "tensorwise" -> new Recipe.Tensorwise();
      default -> new Recipe.Deepseek();
    };
  }

  private static CastingKernels composed(CudaBackend backend) {
    return new ComposedCasting(
        backend.quantize(), backend.norm(), backend.activation(), backend.optimizer());
  }

  /** Codes of a kept input where the recipe keeps such, else the input. */
  private static Operand keeping(LayerCase.Side device, Recipe recipe, Tensor x) {
    return recipe.activationCast() instanceof Recipe.Cast.Quantize cast
        ? device.tensors().codes(cast.spec(), x.rows(), x.columns())
        : x;
  }

  /** Casts for both products, or for the one over columns where rows are too few to turn. */
  private static CastTarget target(
      LayerCase.Side device, Recipe recipe, LinearOperand operand, int rows, int columns) {
    QuantSpec spec = recipe.castFor(operand).codes().orElseThrow();
    List<Operand> casts = new ArrayList<>();
    casts.add(device.tensors().codes(spec, rows, columns));
    if (rows > 1) {
      QuantSpec turned = spec.ofTransposed();
      casts.add(new Transposed(device.tensors().codes(turned, columns, rows)));
    }
    return new CastTarget(device.room(rows, columns), casts);
  }

  private static Result read(LayerCase.Side device, List<? extends Operand> operands) {
    Result result = new Result(new ArrayList<>(), new ArrayList<>());
    for (Operand operand : operands) {
      if (operand instanceof Transposed transposed) {
        add(device, result, transposed.stored());
      } else if (operand instanceof QuantizedTensor cast) {
        add(device, result, cast);
      }
    }
    return result;
  }

  private static void add(LayerCase.Side device, Result result, QuantizedTensor cast) {
    result.codes().add(device.tensors().codes(cast.codes()));
    result.scales().add(device.tensors().scales(cast));
  }

  private static void assertSame(Result got, Result wanted) {
    assertThat(wanted.codes()).isNotEmpty();
    for (int i = 0; i < wanted.codes().size(); i++) {
      assertThat(got.scales().get(i)).as("scales of cast %d", i).isEqualTo(wanted.scales().get(i));
      assertThat(got.codes().get(i)).as("codes of cast %d", i).isEqualTo(wanted.codes().get(i));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "coat, 16, 16",
    "coat, 144, 2048",
    "coat, 48, 304",
    "coat, 1, 1008",
    "coat, 13, 31",
    "coat, 1040, 5632",
    "tensorwise, 144, 128",
    "deepseek, 16, 16",
    "deepseek, 144, 304",
    "deepseek, 272, 1408"
  })
  void gates(String name, int rows, int width) throws Exception {
    try (LayerCase layers = new LayerCase(DataType.BF16)) {
      LayerCase.Side device = layers.device();
      CudaBackend backend = (CudaBackend) device.backend();
      Recipe recipe = recipe(name);
      Tensor gateUp = device.activations(1, 4, rows, 2L * width);
      Tensor dout = device.activations(2, 1e-3, rows, width);
      List<Result> forward = new ArrayList<>();
      List<Result> backward = new ArrayList<>();
      for (CastingKernels kernels : List.of(backend.casting(), composed(backend))) {
        Operand kept = keeping(device, recipe, gateUp);
        CastTarget out = target(device, recipe, LinearOperand.INPUT, rows, width);
        kernels.swiGlu(gateUp, kept, out);
        List<Operand> all = new ArrayList<>(out.casts());
        all.add(kept);
        forward.add(read(device, all));
        CastTarget gradient = target(device, recipe, LinearOperand.GRAD_OUTPUT, rows, 2 * width);
        kernels.swiGluBackward(dout, kept, gradient);
        backward.add(read(device, gradient.casts()));
      }
      assertSame(forward.get(0), forward.get(1));
      assertSame(backward.get(0), backward.get(1));
    }
  }

  /** The order of rstd's sum is the kernel's own; what follows from rstd has its bits. */
  @ParameterizedTest
  @CsvSource({
    "coat, 16, 16",
    "coat, 144, 2048",
    "coat, 1, 1008",
    "coat, 48, 304",
    "coat, 13, 31",
    "coat, 1040, 4096",
    "coat, 32, 16384",
    "tensorwise, 144, 2048",
    "tensorwise, 48, 304",
    "deepseek, 144, 304",
    "deepseek, 272, 8192"
  })
  void normalizesRows(String name, int rows, int columns) throws Exception {
    try (LayerCase layers = new LayerCase(DataType.BF16)) {
      LayerCase.Side device = layers.device();
      CudaBackend backend = (CudaBackend) device.backend();
      Recipe recipe = recipe(name);
      Tensor x = device.activations(1, 3, rows, columns);
      Tensor weight = device.tensors().normal(2, 1, columns);
      Operand kept = keeping(device, recipe, x);
      Tensor rstd = device.tensors().zeros(rows, 1);
      CastTarget y = target(device, recipe, LinearOperand.INPUT, rows, columns);
      backend.casting().rmsNorm(x, kept, weight, EPSILON, rstd, y);

      Operand keptApart = keeping(device, recipe, x);
      Tensor rstdApart = device.tensors().zeros(rows, 1);
      CastTarget apart = target(device, recipe, LinearOperand.INPUT, rows, columns);
      composed(backend).rmsNorm(x, keptApart, weight, EPSILON, rstdApart, apart);
      if (kept instanceof QuantizedTensor) {
        assertSame(read(device, List.of(kept)), read(device, List.of(keptApart)));
      }
      float[] inverse = device.read(rstd);
      float[] inverseApart = device.read(rstdApart);
      for (int row = 0; row < rows; row++) {
        assertThat(Math.abs(inverse[row] / inverseApart[row] - 1)).isLessThan(1e-6f);
      }
      float[] normed = normed(device, kept, x, device.read(weight), inverse);
      Tensor values = bf16(backend, device, normed, rows, columns);
      backend.quantize().cast(new CastTarget(values, apart.casts()), RandomStream.NONE);
      assertSame(read(device, y.casts()), read(device, apart.casts()));
    }
  }

  /** Products in the order of the kernel, rounded as it rounds. */
  private static float[] normed(
      LayerCase.Side device, Operand kept, Tensor x, float[] weight, float[] rstd) {
    int columns = x.columns();
    boolean codes = kept instanceof QuantizedTensor;
    float[] scales = codes ? device.tensors().scales((QuantizedTensor) kept) : new float[0];
    float[] values = codes ? unscaled(device, (QuantizedTensor) kept) : device.read(x);
    int groups = (columns + 15) / 16;
    for (int i = 0; i < values.length; i++) {
      int row = i / columns;
      float factor = rstd[row] * (codes ? scales[row * groups + i % columns / 16] : 1);
      values[i] = values[i] * factor * weight[i % columns];
    }
    return values;
  }

  private static float[] unscaled(LayerCase.Side device, QuantizedTensor cast) {
    byte[] codes = device.tensors().codes(cast.codes());
    float[] values = new float[codes.length];
    for (int i = 0; i < codes.length; i++) {
      values[i] = cast.spec().element().decode(codes[i] & 0xFF);
    }
    return values;
  }

  private static Tensor bf16(
      CudaBackend backend, LayerCase.Side device, float[] values, int rows, int columns) {
    for (int i = 0; i < values.length; i++) {
      values[i] = Bfloat16.decode(Bfloat16.encode(values[i]));
    }
    Tensor rounded = device.tensors().empty(DataType.BF16, rows, columns);
    backend.quantize().convert(device.tensors().of(values, rows, columns), rounded);
    return rounded;
  }
}
