package io.octavo.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.octavo.collective.LocalCollective;
import io.octavo.cpu.CpuBackend;
import io.octavo.kernel.Backend;
import io.octavo.model.ModelConfig;
import io.octavo.model.Parameter;
import io.octavo.model.ParameterLayout;
import io.octavo.model.ParameterUnit;
import io.octavo.optim.MomentFormat;
import io.octavo.quant.RandomStream;
import io.octavo.quant.Recipe;
import io.octavo.reference.ReferenceBackend;
import io.octavo.tensor.HostBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Gradients of whole models: against differences of the loss, and of packed documents. */
class TestTransformerGradients {

  private static final int TIME = 15;

  static Stream<Arguments> models() {
    Supplier<Backend> reference = ReferenceBackend::new;
    Supplier<Backend> cpu = () -> new CpuBackend(2);
    ModelConfig biased = TinyModels.biasedAndTied();
    ModelConfig plain = TinyModels.plain();
    return Stream.of(
        Arguments.of("reference, biased and tied", reference, biased),
        Arguments.of("reference, plain", reference, plain),
        Arguments.of("cpu, biased and tied", cpu, biased),
        Arguments.of("cpu, plain", cpu, plain),
        Arguments.of("reference, biases of inputs", reference, TinyModels.inputBiased()),
        Arguments.of("cpu, biases of inputs", cpu, TinyModels.inputBiased()),
        Arguments.of("cpu, logits in chunks", cpu, TinyModels.manyWords()));
  }

  /** A step at learning rate 0 leaves gradients and changes nothing. */
  private static Trainer trainer(ModelConfig model, Backend backend, int batch) {
    TrainConfig config = TinyModels.config(new Recipe.Fp32(), MomentFormat.FP32, 0, TIME, batch);
    Trainer trainer =
        new Trainer(model, config, backend, new LocalCollective(backend), TinyModels.END_OF_TEXT);
    trainer.initialize();
    return trainer;
  }

  private static Map<String, float[]> gradients(Trainer trainer, int[] tokens, int batch) {
    StepMetrics metrics = trainer.step(new StepBatch(1, IntBuffer.wrap(tokens), batch));
    float toMean = (float) batch * TIME / metrics.targets();
    Map<String, float[]> gradients = new LinkedHashMap<>();
    trainer.readGradients(
        (parameter, values) -> {
          float[] copy = new float[values.remaining()];
          for (int i = 0; i < copy.length; i++) {
            copy[i] = values.get(i) * toMean;
          }
          gradients.put(parameter.name(), copy);
        });
    return gradients;
  }

  private static double norm(float[] values) {
    double sum = 0;
    for (float value : values) {
      sum += (double) value * value;
    }
    return Math.sqrt(sum);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("models")
  void areSlopesOfTheLoss(String name, Supplier<Backend> open, ModelConfig model) {
    int[] first = TinyModels.packed(TIME + 1, TinyModels.tokens(1, 6), TinyModels.tokens(2, 9));
    int[] second = TinyModels.packed(TIME + 1, TinyModels.tokens(3, 13));
    int[] tokens = IntBuffer.allocate(2 * (TIME + 1)).put(first).put(second).array();
    try (Backend backend = open.get();
        Trainer trainer = trainer(model, backend, 2)) {
      Map<String, float[]> gradients = gradients(trainer, tokens, 2);
      for (ParameterUnit unit : ParameterLayout.of(model).units()) {
        for (Parameter parameter : unit.parameters()) {
          checkSlope(trainer, tokens, unit, parameter, gradientOf(gradients, parameter));
        }
      }
    }
  }

  private static float[] gradientOf(Map<String, float[]> gradients, Parameter parameter) {
    float[] gradient = gradients.get(parameter.name());
    assertThat(gradient)
        .as(parameter.name())
        .isNotNull()
        .hasSize((int) parameter.shape().elements());
    return gradient == null ? new float[0] : gradient;
  }

  /** Along the gradient and a random direction of equal length together. */
  private static void checkSlope(
      Trainer trainer, int[] tokens, ParameterUnit unit, Parameter parameter, float[] gradient) {
    double size = norm(gradient);
    assertThat(size)
        .as("gradient of %s", parameter.name())
        .isGreaterThan(keyBias(parameter) ? 0 : 1e-4);
    double[] direction = direction(gradient, size, parameter.name().hashCode());
    double predicted = 0;
    for (int i = 0; i < gradient.length; i++) {
      predicted += gradient[i] * direction[i];
    }
    FloatBuffer weights = master(trainer, unit, parameter);
    double step = 4e-3;
    double up = moved(trainer, tokens, weights, direction, step);
    double down = moved(trainer, tokens, weights, direction, -step);
    assertThat(predicted)
        .as("slope of the loss along %s", parameter.name())
        .isCloseTo((up - down) / (2 * step), within(5e-3 * size + 5e-5));
  }

  /** Without rotation between them the loss would not depend on the bias of the keys at all. */
  private static boolean keyBias(Parameter parameter) {
    return parameter.name().endsWith("k_proj.bias");
  }

  private static double[] direction(float[] gradient, double size, long seed) {
    RandomStream random = new RandomStream(seed, 9);
    double[] direction = new double[gradient.length];
    double length = Math.sqrt(gradient.length);
    for (int i = 0; i < direction.length; i++) {
      direction[i] = gradient[i] / size + random.normal(i) / length;
    }
    return direction;
  }

  private static FloatBuffer master(Trainer trainer, ParameterUnit unit, Parameter parameter) {
    StateShard shard =
        trainer.stateShards().stream()
            .filter(one -> one.name().equals(unit.name() + "/master"))
            .findFirst()
            .orElseThrow();
    return HostBuffer.of(shard.values())
        .floats()
        .slice((int) parameter.offset(), (int) parameter.shape().elements());
  }

  private static double moved(
      Trainer trainer, int[] tokens, FloatBuffer weights, double[] direction, double step) {
    float[] before = new float[weights.capacity()];
    weights.get(0, before);
    for (int i = 0; i < before.length; i++) {
      weights.put(i, (float) (before[i] + step * direction[i]));
    }
    double loss = trainer.evaluate(IntBuffer.wrap(tokens), 2);
    weights.put(0, before);
    return loss;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("models")
  void ofPackedDocumentsAreThoseOfSeparateOnes(
      String name, Supplier<Backend> open, ModelConfig model) {
    int[] left = TinyModels.tokens(4, 6);
    int[] right = TinyModels.tokens(5, 9);
    int[] together = TinyModels.packed(TIME + 1, left, right);
    int[] apart =
        IntBuffer.allocate(2 * (TIME + 1))
            .put(TinyModels.packed(TIME + 1, left))
            .put(TinyModels.packed(TIME + 1, right))
            .array();
    apart[TIME + 1 + right.length] = -1;
    try (Backend backend = open.get();
        Trainer one = trainer(model, backend, 1);
        Trainer two = trainer(model, backend, 2)) {
      assertThat(one.evaluate(IntBuffer.wrap(together), 1))
          .isCloseTo(two.evaluate(IntBuffer.wrap(apart), 2), within(2e-6));
      Map<String, float[]> packed = gradients(one, together, 1);
      Map<String, float[]> separate = gradients(two, apart, 2);
      assertThat(packed).hasSameSizeAs(separate).hasSizeGreaterThan(10);
      packed.forEach(
          (parameter, gradient) -> {
            float[] other = separate.getOrDefault(parameter, new float[gradient.length]);
            float[] difference = gradient.clone();
            for (int i = 0; i < difference.length; i++) {
              difference[i] -= other[i];
            }
            assertThat(norm(difference)).as(parameter).isLessThan(1e-5 * norm(gradient) + 1e-7);
          });
    }
  }
}
