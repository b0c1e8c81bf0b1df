package io.octavo.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.kernel.OptimizerKernels.AdamWRule;
import io.octavo.kernel.OptimizerKernels.Fp8Moment;
import io.octavo.kernel.OptimizerKernels.Moment;
import io.octavo.kernel.OptimizerKernels.PlainMoment;
import io.octavo.quant.AmaxHistory;
import io.octavo.quant.LinearOperand;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.quant.Recipe;
import io.octavo.reference.ReferenceBackend;
import io.octavo.tensor.CastTarget;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Operand;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;
import io.octavo.tensor.Transposed;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An update that casts the new weights leaves the bits of the update and then the cast. */
public abstract class WeightUpdatesContract {

  private static final AdamWRule RULE = new AdamWRule(0.9f, 0.95f, 1e-8f, 0.1f);

  /** Casts of the delayed recipe that are remembered; steps go round them. */
  private static final int STEPS = 20;

  private static final int STEP_WITHOUT_FACTOR = 6;

  protected abstract Backend open();

  /** A matrix on one backend with everything that its update changes. */
  private static final class Side implements AutoCloseable {
    private final Backend backend;
    private final Tensors tensors;
    private final CastTarget parameters;
    private final Optional<Tensor> history;
    private final Tensor gradients;
    private final Tensor control;
    private final Moment first;
    private final Moment second;

    Side(Backend backend, Recipe recipe, String moments, int rows, int columns) {
      this.backend = backend;
      this.tensors = new Tensors(backend);
      Recipe.Cast cast = recipe.castFor(LinearOperand.WEIGHT);
      // Zeros first: no history, and no amax, has a scale for what comes after them.
      this.parameters = new CastTarget(tensors.zeros(rows, columns), casts(cast, rows, columns));
      this.history =
          cast instanceof Recipe.Cast.QuantizeDelayed delayed
              ? Optional.of(tensors.zeros(AmaxHistory.elements(delayed.casts())))
              : Optional.empty();
      this.gradients = tensors.zeros((long) rows * columns);
      this.control = tensors.zeros(OptimizerKernels.CONTROL);
      this.first = moment(moments, rows * columns);
      this.second = moment(moments, rows * columns);
    }

    private List<Operand> casts(Recipe.Cast cast, int rows, int columns) {
      if (cast.codes().isEmpty()) {
        return List.of(tensors.empty(DataType.BF16, rows, columns));
      }
      QuantSpec spec = cast.codes().get();
      return List.of(
          tensors.codes(spec, rows, columns),
          new Transposed(tensors.codes(spec.ofTransposed(), columns, rows)));
    }

    private Moment moment(String format, int elements) {
      int groups = (elements + OptimizerKernels.GROUP - 1) / OptimizerKernels.GROUP;
      Moment moment =
          format.equals("FP8")
              ? new Fp8Moment(
                  tensors.empty(DataType.U8, elements),
                  tensors.zeros(groups),
                  tensors.zeros(groups),
                  tensors.zeros(groups))
              : new PlainMoment(
                  tensors.empty(format.equals("BF16") ? DataType.BF16 : DataType.F32, elements));
      backend.optimizer().reset(moment);
      return moment;
    }

    void give(int step, float[] gradient) {
      tensors.write(gradients, gradient);
      float[] numbers = new float[OptimizerKernels.CONTROL];
      numbers[OptimizerKernels.STEP] = step;
      // The numbers grow and shrink, so that delayed scales are too small and too large.
      numbers[OptimizerKernels.LEARNING_RATE] = (float) (0.05 * Math.pow(4, Math.sin(step)));
      numbers[OptimizerKernels.FACTOR] = step == STEP_WITHOUT_FACTOR ? Float.NaN : 0.5f;
      tensors.write(control, numbers);
    }

    void updateAndCast() {
      backend.casting().adamW(parameters, history, gradients, first, second, RULE, control);
    }

    void updateThenCast() {
      backend.optimizer().adamW(parameters.values(), gradients, first, second, RULE, control);
      history.ifPresentOrElse(
          amax -> backend.quantize().castDelayed(parameters, amax, RandomStream.NONE),
          () -> backend.quantize().cast(parameters, RandomStream.NONE));
    }

    List<float[]> numbers() {
      List<float[]> all = new ArrayList<>(List.of(tensors.read(parameters.values())));
      history.ifPresent(amax -> all.add(tensors.read(amax)));
      for (Operand cast : parameters.casts()) {
        if (cast instanceof Tensor copy) {
          all.add(tensors.read(copy));
        } else {
          all.add(tensors.scales(stored(cast)));
        }
      }
      return all;
    }

    List<byte[]> codes() {
      return parameters.casts().stream()
          .filter(cast -> !(cast instanceof Tensor))
          .map(cast -> tensors.codes(stored(cast).codes()))
          .toList();
    }

    private static QuantizedTensor stored(Operand cast) {
      return cast instanceof Transposed transposed ? transposed.stored() : (QuantizedTensor) cast;
    }

    List<byte[]> moments() {
      List<byte[]> all = new ArrayList<>();
      for (Moment moment : List.of(first, second)) {
        List<Tensor> parts =
            moment instanceof Fp8Moment fp8
                ? List.of(fp8.codes(), fp8.scales(), fp8.exponents(), fp8.centres())
                : List.of(((PlainMoment) moment).values());
        for (Tensor part : parts) {
          byte[] bytes = new byte[(int) part.buffer().bytes()];
          backend.download(part, ByteBuffer.wrap(bytes));
          all.add(bytes);
        }
      }
      return all;
    }

    @Override
    public void close() throws Exception {
      tensors.close();
    }
  }

  private static float[] gradient(int step, int elements) {
    float[] values = new float[elements];
    RandomStream random = new RandomStream(step, 1);
    for (int i = 0; i < elements; i++) {
      values[i] = (float) random.normal(i) * 1e-2f;
    }
    return values;
  }

  @ParameterizedTest
  @CsvSource({
    "bf16, F32, 16, 128",
    "bf16, FP8, 13, 31",
    "bf16, BF16, 48, 304",
    "tensorwise, F32, 144, 256",
    "tensorwise, BF16, 13, 31",
    "tensorwise, FP8, 272, 384",
    "delayed, F32, 144, 256",
    "delayed, BF16, 48, 304",
    "delayed, FP8, 272, 384",
    "delayed, F32, 13, 31",
    "rowwise, F32, 144, 256",
    "rowwise, FP8, 48, 304",
    "deepseek, F32, 144, 256",
    "deepseek, BF16, 272, 384",
    "deepseek, FP8, 272, 384",
    "deepseek, FP8, 16, 1024",
    "deepseek, F32, 48, 304",
    "deepseek, BF16, 13, 31"
  })
  void leavesTheBitsOfUpdateThenCast(String recipe, String moments, int rows, int columns)
      throws Exception {
    try (Backend backend = open();
        Backend reference = new ReferenceBackend();
        Side once = new Side(backend, Recipe.of(recipe), moments, rows, columns);
        Side apart = new Side(backend, Recipe.of(recipe), moments, rows, columns);
        Side wanted = new Side(reference, Recipe.of(recipe), moments, rows, columns)) {
      for (int step = 1; step <= STEPS; step++) {
        float[] gradient = gradient(step, rows * columns);
        for (Side side : List.of(once, apart, wanted)) {
          side.give(step, gradient);
        }
        once.updateAndCast();
        apart.updateThenCast();
        wanted.updateThenCast();
        assertSame(once, apart, step);
        assertThat(once.moments())
            .as("moments of step %d", step)
            .containsExactlyElementsOf(apart.moments());
        // Expanded moments are within a bound of the reference's, all else has its bits.
        if (!moments.equals("FP8")) {
          assertSame(once, wanted, step);
        }
      }
    }
  }

  private static void assertSame(Side got, Side wanted, int step) {
    assertThat(got.numbers())
        .as("weights, scales and history of step %d", step)
        .containsExactlyElementsOf(wanted.numbers());
    assertThat(got.codes()).as("codes of step %d", step).containsExactlyElementsOf(wanted.codes());
  }
}
