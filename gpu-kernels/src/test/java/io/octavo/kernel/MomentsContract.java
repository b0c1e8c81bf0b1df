package io.octavo.kernel;

import static io.octavo.kernel.Tensors.floats;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.octavo.format.ElementFormat;
import io.octavo.kernel.OptimizerKernels.AdamWStep;
import io.octavo.kernel.OptimizerKernels.Fp8Moment;
import io.octavo.kernel.OptimizerKernels.Moment;
import io.octavo.kernel.OptimizerKernels.PlainMoment;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Tensor;
import java.util.Arrays;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** COAT's moments and their step trace, computed in numpy (spec: COAT 6.3). */
public abstract class MomentsContract {

  private static final int GROUP = OptimizerKernels.GROUP;
  private static final float[] EXAMPLE = {
    1e-3f, -5e-4f, 2e-4f, 1e-4f, -5e-5f, 2e-5f, 1e-5f, -5e-6f
  };

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

  private Fp8Moment moment(int elements) {
    int groups = (elements + GROUP - 1) / GROUP;
    Fp8Moment moment =
        new Fp8Moment(
            tensors.empty(DataType.U8, elements),
            tensors.zeros(groups),
            tensors.zeros(groups),
            tensors.zeros(groups));
    backend.optimizer().reset(moment);
    return moment;
  }

  /** One step whose first moment becomes the gradient: betas 0, learning rate 0. */
  private Fp8Moment stored(float... values) {
    Fp8Moment first = moment(values.length);
    Tensor gradients = tensors.of(values, values.length);
    AdamWStep step = new AdamWStep(1, 0, 0, 0, 1e-8f, 0, 1);
    backend
        .optimizer()
        .adamW(tensors.zeros(values.length), gradients, first, moment(values.length), step);
    return first;
  }

  private static int[] codes(Fp8Moment moment) {
    int[] codes = new int[(int) moment.codes().elements()];
    Arrays.setAll(codes, i -> HostBuffer.of(moment.codes()).codes().get(i) & 0xFF);
    return codes;
  }

  /** What a moment of one group holds. */
  private float[] read(Fp8Moment moment) {
    int n = (int) moment.codes().elements();
    float scale = floats(moment.scales())[0];
    float exponent = floats(moment.exponents())[0];
    float centre = floats(moment.centres())[0];
    float[] values = new float[n];
    int[] codes = codes(moment);
    for (int i = 0; i < n; i++) {
      double code = ElementFormat.E4M3.decode(codes[i]);
      values[i] =
          (float) (Math.signum(code) * Math.pow(Math.abs(code) * scale, 1 / exponent) * centre);
    }
    return values;
  }

  @Test
  void expandsTheExampleGroup() {
    Fp8Moment moment = stored(EXAMPLE);

    assertThat(floats(moment.exponents())[0]).isEqualTo(2.125f);
    assertThat(floats(moment.centres())[0]).isCloseTo(7.0710678e-5f, relative(7.0710678e-5f));
    assertThat(floats(moment.scales())[0]).isCloseTo(.62167923f, relative(.62167923f));
    assertThat(codes(moment)).containsExactly(0x7E, 0xED, 0x57, 0x45, 0xB4, 0x1E, 0x0D, 0x83);
    double[] errors = {0, 5.9e-3, 1.10e-2, -1.55e-2, -1.24e-2, -2.2e-3, 3.7e-3, 6.8e-3};
    float[] values = read(moment);
    for (int i = 0; i < EXAMPLE.length; i++) {
      assertThat(values[i] / EXAMPLE[i] - 1).isCloseTo((float) errors[i], within(1e-4f));
    }
  }

  private static Offset<Float> relative(float expected) {
    return within(2e-6f * Math.abs(expected));
  }

  private static float[] startingPoint() {
    float[] values = new float[GROUP];
    for (int i = 0; i < GROUP; i++) {
      values[i] = (float) (.02 * Math.cos(.1 * i));
    }
    return values;
  }

  private static float[] gradient(int step) {
    float[] gradient = new float[GROUP];
    for (int i = 0; i < GROUP; i++) {
      gradient[i] = (float) (Math.sin(.7 * i + .3 * step) * Math.pow(10, -(i % 4)) * 1e-2);
    }
    return gradient;
  }

  private void step(int t, Tensor parameters, Moment first, Moment second) {
    AdamWStep step = new AdamWStep(t, 1e-3f, .9f, .95f, 1e-8f, .1f, 1);
    backend.optimizer().adamW(parameters, tensors.of(gradient(t), GROUP), first, second, step);
  }

  @Test
  void followsTheTraceOfTenSteps() {
    Tensor expanded = tensors.of(startingPoint(), GROUP);
    Tensor whole = tensors.of(startingPoint(), GROUP);
    Fp8Moment first = moment(GROUP);
    Fp8Moment second = moment(GROUP);
    PlainMoment plainFirst = new PlainMoment(tensors.zeros(GROUP));
    PlainMoment plainSecond = new PlainMoment(tensors.zeros(GROUP));
    for (int t = 1; t <= 10; t++) {
      step(t, expanded, first, second);
      step(t, whole, plainFirst, plainSecond);
      if (t == 1) {
        assertThat(floats(expanded)).as("step 1 is FP32's").isEqualTo(floats(whole));
        assertStarts(expanded, .018998003f, .018898105f, .018599472f, .018106297f);
        assertGroup(first, .9375f, 2.97365904e-6f, .52133023f);
        assertGroup(second, .4375f, 4.42132405e-11f, .36242670f);
      }
    }
    assertStarts(whole, .010349221f, .010967559f, .013374967f, .018131763f);
    assertStarts(expanded, .010552757f, .010928932f, .013457715f, .018240337f);
    assertThat(floats(first.exponents())[0]).isEqualTo(1.0625f);
    assertThat(floats(second.exponents())[0]).isEqualTo(.75f);
    assertThat(largestDifference(floats(expanded), floats(whole)))
        .isCloseTo(7.0e-4, within(.05e-4));
  }

  private static void assertStarts(Tensor parameters, float... expected) {
    float[] values = floats(parameters);
    for (int i = 0; i < expected.length; i++) {
      assertThat(values[i]).as("parameter %d", i).isCloseTo(expected[i], within(1e-7f));
    }
  }

  private static void assertGroup(Fp8Moment moment, float exponent, float centre, float scale) {
    assertThat(floats(moment.exponents())[0]).isEqualTo(exponent);
    assertThat(floats(moment.centres())[0]).isCloseTo(centre, within(1e-5f * centre));
    assertThat(floats(moment.scales())[0]).isCloseTo(scale, within(1e-5f * scale));
  }

  private static double largestDifference(float[] a, float[] b) {
    double largest = 0;
    for (int i = 0; i < a.length; i++) {
      largest = Math.max(largest, Math.abs(a[i] - b[i]));
    }
    return largest;
  }

  /** Groups on which the authors' kernel gives NaN or loses small numbers. */
  @Test
  void keepsEveryGroupFinite() {
    float[] constant = new float[GROUP];
    Arrays.fill(constant, 1e-3f);
    assertCloselyKept(constant);
    float[] oneZeroFirst = constant.clone();
    oneZeroFirst[0] = 0;
    assertCloselyKept(oneZeroFirst);
    float[] oneZeroLater = EXAMPLE.clone();
    oneZeroLater[5] = 0;
    assertCloselyKept(oneZeroLater);
    float[] nearlyConstant = constant.clone();
    nearlyConstant[7] = Math.nextUp(1e-3f);
    assertCloselyKept(nearlyConstant);
    assertCloselyKept(3e-7f);
    assertCloselyKept(new float[GROUP]);
  }

  private void assertCloselyKept(float... values) {
    float[] kept = read(stored(values));
    for (int i = 0; i < values.length; i++) {
      assertThat(kept[i])
          .as("element %d", i)
          .isCloseTo(values[i], within(.04f * Math.abs(values[i])));
    }
  }

  @ParameterizedTest
  @ValueSource(floats = {1e-38f, 1e-30f, 1e-20f, 1e20f})
  void staysFiniteAtTheEndsOfTheRange(float size) {
    float[] values = new float[GROUP];
    for (int i = 0; i < GROUP; i++) {
      values[i] = (float) (Math.sin(i + 1) * size);
    }
    Fp8Moment moment = stored(values);
    assertThat(read(moment)).doesNotContain(Float.NaN, Float.POSITIVE_INFINITY);
    assertThat(floats(moment.scales())[0]).isFinite();
    assertThat(floats(moment.centres())[0]).isFinite();
  }

  @Test
  void takesTwoBytesAndSixNumbersAGroupForBothMoments() {
    Fp8Moment moment = moment(GROUP * 5);
    long bytes = moment.codes().elements() + 4 * 3 * moment.scales().elements();
    assertThat(2.0 * bytes / (GROUP * 5)).isEqualTo(2.1875);
  }
}
