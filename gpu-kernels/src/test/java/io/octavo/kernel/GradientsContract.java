package io.octavo.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import io.octavo.quant.RandomStream;
import io.octavo.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Backward methods against central differences of forward ones: the slope of {@code <out, weights>}
 * along a random direction of each input.
 */
public abstract class GradientsContract {

  private static final double STEP = 1e-2;
  private static final double LIMIT = 2e-3;

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

  private double dot(Tensor a, Tensor b) {
    float[] x = tensors.read(a);
    float[] y = tensors.read(b);
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += (double) x[i] * y[i];
    }
    return sum;
  }

  /** A scalar that depends on the present contents of some tensors. */
  private interface Objective {
    double value();
  }

  private void checkSlopes(Objective objective, List<Tensor> inputs, List<Tensor> gradients) {
    for (int i = 0; i < inputs.size(); i++) {
      Tensor input = inputs.get(i);
      float[] at = tensors.read(input);
      double[] direction = unit(at.length, 100 + i);
      double slope =
          (moved(objective, input, at, direction, STEP)
                  - moved(objective, input, at, direction, -STEP))
              / (2 * STEP);
      tensors.write(input, at);
      float[] gradient = tensors.read(gradients.get(i));
      double expected = 0;
      double size = 0;
      for (int j = 0; j < at.length; j++) {
        expected += gradient[j] * direction[j];
        size += (double) gradient[j] * gradient[j];
      }
      assertThat(expected)
          .as("slope along a direction of input %d", i)
          .isCloseTo(slope, offset(LIMIT * Math.sqrt(size)));
      assertThat(Math.abs(slope)).as("slope of input %d is no accident", i).isGreaterThan(1e-3);
    }
  }

  private double moved(
      Objective objective, Tensor input, float[] at, double[] direction, double step) {
    float[] values = at.clone();
    for (int j = 0; j < values.length; j++) {
      values[j] += (float) (step * direction[j]);
    }
    tensors.write(input, values);
    return objective.value();
  }

  private static double[] unit(int length, long seed) {
    RandomStream random = new RandomStream(seed, 1);
    double[] direction = new double[length];
    Arrays.setAll(direction, random::normal);
    double norm = Math.sqrt(Arrays.stream(direction).map(d -> d * d).sum());
    Arrays.setAll(direction, j -> direction[j] / norm);
    return direction;
  }

  @Test
  void rmsNorm() {
    Tensor x = tensors.normal(1, 1, 7, 13);
    Tensor weight = tensors.normal(2, 1, 13);
    Tensor r = tensors.normal(3, 1, 7, 13);
    Tensor y = tensors.zeros(7, 13);
    Tensor rstd = tensors.zeros(7, 1);
    Objective objective =
        () -> {
          backend.norm().rmsNorm(x, weight, 1e-5f, y, rstd);
          return dot(y, r);
        };
    objective.value();
    Tensor dx = tensors.zeros(7, 13);
    Tensor dweight = tensors.zeros(13);
    backend.norm().rmsNormBackward(r, x, weight, rstd, dx, dweight);
    checkSlopes(objective, List.of(x, weight), List.of(dx, dweight));
  }

  @Test
  void swiGlu() {
    Tensor gateUp = tensors.normal(1, 2, 5, 62);
    Tensor r = tensors.normal(3, 1, 5, 31);
    Tensor out = tensors.zeros(5, 31);
    Tensor dGateUp = tensors.zeros(5, 62);
    backend.activation().swiGluBackward(r, gateUp, dGateUp);
    Objective objective =
        () -> {
          backend.activation().swiGlu(gateUp, out);
          return dot(out, r);
        };
    checkSlopes(objective, List.of(gateUp), List.of(dGateUp));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void attention(int group) {
    var g = new AttentionKernels.Geometry(2, 13, 4, 4 / group, 8);
    int[] starts = new int[g.rows()];
    Arrays.setAll(starts, row -> row % 13 < 6 ? 0 : 6);
    Tensor start = tensors.ints(starts);
    Tensor qkv = tensors.normal(1, 1, g.rows(), g.qkvWidth());
    Tensor r = tensors.normal(4, 1, g.rows(), g.queryWidth());
    Tensor out = tensors.zeros(g.rows(), g.queryWidth());
    Tensor lse = tensors.zeros(g.rows(), g.queryHeads());
    Objective objective =
        () -> {
          backend.attention().forward(g, qkv, start, out, lse);
          return dot(out, r);
        };
    objective.value();
    Tensor dqkv = tensors.zeros(g.rows(), g.qkvWidth());
    Tensor workspace = tensors.zeros(backend.attention().workspaceElements(g));
    backend.attention().backward(g, qkv, start, out, lse, r, dqkv, workspace);
    checkSlopes(objective, List.of(qkv), List.of(dqkv));
  }

  @Test
  void crossEntropy() {
    Tensor logits = tensors.normal(1, 2, 9, 31);
    Tensor targets = tensors.ints(new int[] {0, 30, LossKernels.IGNORED, 5, 5, 7, 29, 1, 12});
    Tensor losses = tensors.zeros(9);
    Tensor ones = tensors.zeros(9);
    float[] all = new float[9];
    Arrays.fill(all, 1);
    tensors.write(ones, all);
    Tensor gradient = tensors.of(tensors.read(logits), 9, 31);
    backend.loss().crossEntropyBackward(gradient, targets, losses, 1);
    Objective objective =
        () -> {
          backend.loss().crossEntropy(logits, targets, losses);
          return dot(losses, ones);
        };
    checkSlopes(objective, List.of(logits), List.of(gradient));
  }

  @Test
  void rotationIsUndoneByItsGradient() {
    Tensor x = tensors.normal(1, 1, 31, 4 * 8);
    float[] before = tensors.read(x);
    int[] positions = new int[31];
    Arrays.setAll(positions, i -> i);
    double[] angles = new double[31 * 4];
    Arrays.setAll(angles, i -> (i / 4) * Math.pow(10_000, -(i % 4) / 4.0));
    Tensor cosine = tensors.of(mapped(angles, Math::cos), 31, 4);
    Tensor sine = tensors.of(mapped(angles, Math::sin), 31, 4);
    Tensor position = tensors.ints(positions);
    backend.rotary().rotate(x, 4, position, cosine, sine, RotaryKernels.Direction.FORWARD);
    assertThat(Tensors.relativeError(tensors.read(x), before)).isGreaterThan(0.1);
    backend.rotary().rotate(x, 4, position, cosine, sine, RotaryKernels.Direction.BACKWARD);
    assertThat(Tensors.relativeError(tensors.read(x), before)).isLessThan(1e-6);
  }

  private static float[] mapped(double[] angles, DoubleUnaryOperator function) {
    float[] values = new float[angles.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) function.applyAsDouble(angles[i]);
    }
    return values;
  }
}
