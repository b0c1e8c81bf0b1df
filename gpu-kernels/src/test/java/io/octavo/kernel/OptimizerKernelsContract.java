package io.octavo.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.octavo.format.ElementFormat;
import io.octavo.format.Minifloat;
import io.octavo.format.Rounding;
import io.octavo.format.ScaleFormat;
import io.octavo.kernel.OptimizerKernels.AdamWRule;
import io.octavo.kernel.OptimizerKernels.Fp8Moment;
import io.octavo.kernel.OptimizerKernels.Moment;
import io.octavo.kernel.OptimizerKernels.PlainMoment;
import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.tensor.DataType;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** AdamW with every kind of moment; COAT's by the specification's traces (COAT 2.1.2, 6.3). */
public abstract class OptimizerKernelsContract {

  private static final int GROUP = OptimizerKernels.GROUP;

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

  private Fp8Moment fp8(int elements) {
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

  private Moment plain(DataType type, int elements) {
    Moment moment = new PlainMoment(tensors.empty(type, elements));
    backend.optimizer().reset(moment);
    return moment;
  }

  private static final AdamWRule RULE = new AdamWRule(0.9f, 0.95f, 1e-8f, 0.1f);

  /** Step number, learning rate and factor of a step. */
  private Tensor control(int step, float learningRate, float factor) {
    float[] numbers = new float[OptimizerKernels.CONTROL];
    numbers[OptimizerKernels.STEP] = step;
    numbers[OptimizerKernels.LEARNING_RATE] = learningRate;
    numbers[OptimizerKernels.FACTOR] = factor;
    return tensors.of(numbers, numbers.length);
  }

  /** The deterministic run of the specification: one group of 128, ten steps. */
  private float[] run(Moment first, Moment second, int steps) {
    float[] start = new float[GROUP];
    for (int i = 0; i < GROUP; i++) {
      start[i] = (float) (0.02 * Math.cos(0.1 * i));
    }
    Tensor parameters = tensors.of(start, GROUP);
    Tensor gradients = tensors.zeros(GROUP);
    for (int t = 1; t <= steps; t++) {
      float[] g = new float[GROUP];
      for (int i = 0; i < GROUP; i++) {
        g[i] = (float) (Math.sin(0.7 * i + 0.3 * t) * Math.pow(10, -(i % 4)) * 1e-2);
      }
      tensors.write(gradients, g);
      backend.optimizer().adamW(parameters, gradients, first, second, RULE, control(t, 1e-3f, 1));
    }
    return tensors.read(parameters);
  }

  private float number(Tensor tensor) {
    return tensors.read(tensor)[0];
  }

  @Test
  void equalsFp32AfterTheFirstStepAndFollowsTheTraceAfterTen() {
    Fp8Moment m = fp8(GROUP);
    Fp8Moment v = fp8(GROUP);
    float[] once = run(m, v, 1);
    assertThat(once).isEqualTo(run(plain(DataType.F32, GROUP), plain(DataType.F32, GROUP), 1));
    assertClose(once, 1e-7, 0.018998003, 0.018898105, 0.018599472, 0.018106297);
    assertThat(number(m.exponents())).isEqualTo(0.9375f);
    assertThat((double) number(m.centres())).isCloseTo(2.97365904e-6, within(1e-11));
    assertThat((double) number(m.scales())).isCloseTo(0.52133023, within(1e-5));
    assertThat(number(v.exponents())).isEqualTo(0.4375f);
    assertThat((double) number(v.centres())).isCloseTo(4.42132405e-11, within(1e-16));
    assertThat((double) number(v.scales())).isCloseTo(0.36242670, within(1e-5));

    Fp8Moment m10 = fp8(GROUP);
    Fp8Moment v10 = fp8(GROUP);
    float[] coat = run(m10, v10, 10);
    float[] fp32 = run(plain(DataType.F32, GROUP), plain(DataType.F32, GROUP), 10);
    assertClose(fp32, 1e-7, 0.010349221, 0.010967559, 0.013374967, 0.018131763);
    assertClose(coat, 2e-6, 0.010552757, 0.010928932, 0.013457715, 0.018240337);
    assertThat(number(m10.exponents())).isEqualTo(1.0625f);
    assertThat(number(v10.exponents())).isEqualTo(0.75f);
    assertDistance(coat, fp32);
  }

  /** The specification: |dp| / |p - start| = .027, the largest difference 7.0e-4. */
  private static void assertDistance(float[] coat, float[] fp32) {
    double difference = 0;
    double way = 0;
    double largest = 0;
    for (int i = 0; i < GROUP; i++) {
      double d = coat[i] - fp32[i];
      double moved = fp32[i] - 0.02 * Math.cos(0.1 * i);
      difference += d * d;
      way += moved * moved;
      largest = Math.max(largest, Math.abs(d));
    }
    assertThat(Math.sqrt(difference / way)).isCloseTo(0.027, within(5e-4));
    assertThat(largest).isCloseTo(7.0e-4, within(5e-6));
  }

  private static void assertClose(float[] values, double limit, double... expected) {
    for (int i = 0; i < expected.length; i++) {
      assertThat((double) values[i]).as("p%d", i).isCloseTo(expected[i], within(limit));
    }
  }

  @Test
  void expandsTheExampleGroupToItsBytes() {
    float[] group = {1e-3f, -5e-4f, 2e-4f, 1e-4f, -5e-5f, 2e-5f, 1e-5f, -5e-6f};
    Fp8Moment moment = fp8(group.length);
    // With beta1 = 0 the stored first moment is the gradient itself.
    backend
        .optimizer()
        .adamW(
            tensors.zeros(group.length),
            tensors.of(group, group.length),
            moment,
            plain(DataType.F32, group.length),
            new AdamWRule(0, 0.95f, 1e-8f, 0),
            control(1, 0, 1));

    assertThat(tensors.codes(moment.codes()))
        .containsExactly(0x7E, 0xED, 0x57, 0x45, 0xB4, 0x1E, 0x0D, 0x83);
    assertThat(number(moment.exponents())).isEqualTo(2.125f);
    assertThat((double) number(moment.centres())).isCloseTo(7.0710678e-5, within(1e-10));
    assertThat((double) number(moment.scales())).isCloseTo(0.62167923, within(1e-5));
  }

  @ParameterizedTest
  @ValueSource(strings = {"constant", "zeros", "oneZeroFirst", "oneZeroLater", "tiny", "tail"})
  void neverGivesNanOrLosesDegenerateGroups(String kind) {
    int elements = kind.equals("tail") ? GROUP + 1 : GROUP;
    float[] values = new float[elements];
    Arrays.fill(values, kind.equals("zeros") ? 0 : kind.equals("tiny") ? 1e-38f : 1e-3f);
    if (kind.equals("oneZeroFirst")) {
      values[0] = 0;
    } else if (kind.equals("oneZeroLater")) {
      values[77] = 0;
    }
    Fp8Moment moment = fp8(elements);
    Tensor parameters = tensors.zeros(elements);
    AdamWRule keep = new AdamWRule(0, 0.95f, 1e-8f, 0);
    backend
        .optimizer()
        .adamW(
            parameters,
            tensors.of(values, elements),
            moment,
            plain(DataType.F32, elements),
            keep,
            control(1, 0, 1));
    // With beta1 = 1 and no gradient the moment is read and stored again: what it holds moves p.
    AdamWRule show = new AdamWRule(0.999999f, 0, 1, 0);
    backend
        .optimizer()
        .adamW(
            parameters,
            tensors.zeros(elements),
            moment,
            plain(DataType.F32, elements),
            show,
            control(2, 1, 0));
    float[] shown = tensors.read(parameters);
    for (int i = 0; i < elements; i++) {
      double held = -shown[i] * (1 - Math.pow(0.999999f, 2)) / 0.999999f;
      assertThat(held)
          .as("element %d", i)
          .isFinite()
          .isCloseTo(values[i], within(values[i] * 0.07 + 1e-37));
    }
  }

  @Test
  void costsAtMostTwoBytesAndThreeSixteenthsAParameter() {
    int elements = 1 << 14;
    Fp8Moment moment = fp8(elements);
    long bytes =
        moment.codes().buffer().bytes()
            + moment.scales().buffer().bytes()
            + moment.exponents().buffer().bytes()
            + moment.centres().buffer().bytes();
    assertThat(2.0 * bytes / elements).isEqualTo(2.1875);
  }

  @Test
  void roundsBf16MomentsOnceAStep() {
    Moment m = plain(DataType.BF16, GROUP);
    Moment v = plain(DataType.BF16, GROUP);
    float[] bf16 = run(m, v, 10);
    float[] fp32 = run(plain(DataType.F32, GROUP), plain(DataType.F32, GROUP), 10);
    assertThat(bf16).isNotEqualTo(fp32);
    for (int i = 0; i < GROUP; i++) {
      assertThat(bf16[i]).isCloseTo(fp32[i], within(3e-4f));
    }
  }

  private static final int ELEMENTS = 3 * GROUP + 13;

  private List<Moment> everyKindOfMoment() {
    return List.of(plain(DataType.F32, ELEMENTS), plain(DataType.BF16, ELEMENTS), fp8(ELEMENTS));
  }

  private byte[] bytes(Moment moment) {
    List<Tensor> parts =
        moment instanceof Fp8Moment fp8
            ? List.of(fp8.codes(), fp8.scales(), fp8.exponents(), fp8.centres())
            : List.of(((PlainMoment) moment).values());
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (Tensor part : parts) {
      byte[] bytes = new byte[(int) part.buffer().bytes()];
      backend.download(part, ByteBuffer.wrap(bytes));
      all.writeBytes(bytes);
    }
    return all.toByteArray();
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
  void changesNothingWhereTheFactorIsNotFinite(float factor) {
    Tensor gradients = tensors.normal(1, 1e-2, ELEMENTS);
    for (Moment moment : everyKindOfMoment()) {
      Tensor parameters = tensors.normal(2, 1, ELEMENTS);
      Moment other = plain(DataType.F32, ELEMENTS);
      backend
          .optimizer()
          .adamW(parameters, gradients, moment, other, RULE, control(1, 1e-3f, 0.5f));
      float[] before = tensors.read(parameters);
      byte[] first = bytes(moment);
      byte[] second = bytes(other);
      backend
          .optimizer()
          .adamW(parameters, gradients, moment, other, RULE, control(2, 1e-3f, factor));
      assertThat(tensors.read(parameters)).isEqualTo(before);
      assertThat(bytes(moment)).isEqualTo(first);
      assertThat(bytes(other)).isEqualTo(second);
      backend
          .optimizer()
          .adamW(parameters, gradients, moment, other, RULE, control(2, 1e-3f, 0.5f));
      assertThat(tensors.read(parameters)).isNotEqualTo(before);
    }
  }

  @Test
  void takesStepRateAndFactorFromTheControl() {
    float[] start = tensors.read(tensors.normal(1, 1, ELEMENTS));
    float[] gradient = tensors.read(tensors.normal(2, 1, ELEMENTS));
    Tensor parameters = tensors.of(start, ELEMENTS);
    backend
        .optimizer()
        .adamW(
            parameters,
            tensors.of(gradient, ELEMENTS),
            plain(DataType.F32, ELEMENTS),
            plain(DataType.F32, ELEMENTS),
            RULE,
            control(3, 0.25f, 1e-3f));
    float[] after = tensors.read(parameters);
    for (int i = 0; i < ELEMENTS; i++) {
      double g = gradient[i] * 1e-3;
      double m = 0.1 * g / (1 - Math.pow(0.9, 3));
      double v = 0.05 * g * g / (1 - Math.pow(0.95, 3));
      double expected = start[i] - 0.25 * (m / (Math.sqrt(v) + 1e-8) + 0.1 * start[i]);
      assertThat((double) after[i]).as("element %d", i).isCloseTo(expected, within(2e-6));
    }
  }

  private double total(Tensor totals, int total) {
    float[] pairs = tensors.read(totals);
    return (double) pairs[2 * total] + pairs[2 * total + 1];
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 127, 5000, 100000})
  void addsSumsToTotalsInDouble(int elements) {
    Tensor values = tensors.normal(3, 1, elements);
    Tensor totals = tensors.zeros(OptimizerKernels.TOTALS);
    double large = 1 << 25;
    // What a binary32 alone could not hold beside so large a number.
    float[] start = new float[OptimizerKernels.TOTALS];
    start[2 * OptimizerKernels.LOSS_SUM] = (float) large;
    tensors.write(totals, start);
    double sum = 0;
    double squares = 0;
    for (float value : tensors.read(values)) {
      sum += value;
      squares += (double) value * value;
    }
    for (int times = 1; times <= 3; times++) {
      backend.optimizer().addSum(values, totals, OptimizerKernels.LOSS_SUM);
      backend.optimizer().addSumOfSquares(values, totals, OptimizerKernels.SQUARES);
      assertThat(total(totals, OptimizerKernels.LOSS_SUM))
          .isCloseTo(large + times * sum, within(1e-7));
      assertThat(total(totals, OptimizerKernels.SQUARES))
          .isCloseTo(times * squares, within(times * squares * 1e-12));
    }
    float[] pairs = tensors.read(totals);
    assertThat(Arrays.copyOfRange(pairs, 4, pairs.length)).containsOnly(0);
  }

  /** The factor that {@code finishNorm} leaves. */
  private float factor(float mean, float clipNorm, float lossSum, float squares) {
    float[] sums = new float[OptimizerKernels.TOTALS];
    sums[2 * OptimizerKernels.LOSS_SUM] = lossSum;
    sums[2 * OptimizerKernels.SQUARES] = squares;
    float[] numbers = new float[OptimizerKernels.CONTROL];
    Arrays.fill(numbers, 7);
    numbers[OptimizerKernels.MEAN] = mean;
    numbers[OptimizerKernels.CLIP_NORM] = clipNorm;
    Tensor control = tensors.of(numbers, numbers.length);
    backend.optimizer().finishNorm(tensors.of(sums, sums.length), control);
    float[] after = tensors.read(control);
    float factor = after[OptimizerKernels.FACTOR];
    numbers[OptimizerKernels.FACTOR] = factor;
    assertThat(after).as("only the factor changes").isEqualTo(numbers);
    return factor;
  }

  @Test
  void clipsTheNormOfTheMeanGradient() {
    float mean = 1f / 3000;
    assertThat(factor(mean, 0, 5, 1e12f)).as("no clipping").isEqualTo(mean);
    assertThat(factor(mean, 1, 5, 8.9e6f)).as("just below the limit").isEqualTo(mean);
    assertThat(factor(mean, 1, 5, 0)).as("no gradient").isEqualTo(mean);
    double norm = mean * Math.sqrt(36e6f);
    assertThat(factor(mean, 1, 5, 36e6f)).isEqualTo((float) (mean * (1 / (norm + 1e-6))));
    assertThat(factor(mean, 0.25f, 5, 36e6f)).isEqualTo((float) (mean * (0.25 / (norm + 1e-6))));
  }

  @Test
  void leavesNoFactorWhereLossOrGradientsAreNotFinite() {
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
      for (float clipNorm : new float[] {0, 1}) {
        assertThat(factor(0.5f, clipNorm, bad, 4)).isNaN();
        assertThat(factor(0.5f, clipNorm, 3, bad)).isNaN();
        assertThat(factor(0.5f, clipNorm, bad, bad)).isNaN();
      }
    }
    assertThat(factor(0.5f, 1, Float.NEGATIVE_INFINITY, 4)).isNaN();
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, 3e38f})
  void totalsOfWhatIsNotFiniteAreNotFinite(float bad) {
    float[] values = tensors.read(tensors.normal(1, 1, 5000));
    values[4321] = bad;
    Tensor totals = tensors.zeros(OptimizerKernels.TOTALS);
    Tensor source = tensors.of(values, values.length);
    backend.optimizer().addSumOfSquares(source, totals, OptimizerKernels.SQUARES);
    backend.optimizer().addSumOfSquares(source, totals, OptimizerKernels.SQUARES);
    assertThat(Double.isFinite(total(totals, OptimizerKernels.SQUARES))).isFalse();
    Tensor control = control(1, 1, 1);
    backend.optimizer().finishNorm(totals, control);
    assertThat(tensors.read(control)[OptimizerKernels.FACTOR]).isNaN();
  }

  /** The specification's table of errors: rows m, columns v, in E4M3, expanded E4M3 and E5M2. */
  @Test
  void errsOnSyntheticMomentsAsMuchAsTheSpecificationSays() {
    SyntheticMoments moments = SyntheticMoments.ofGroups(512);
    int n = moments.first().length;
    Fp8Moment first = stored(moments.first());
    Fp8Moment second = storedSquares(moments.second());
    double[][] m = {
      quantized(moments.first(), ElementFormat.E4M3),
      shown(first),
      quantized(moments.first(), ElementFormat.E5M2)
    };
    double[][] v = {
      quantized(moments.second(), ElementFormat.E4M3),
      shown(second),
      quantized(moments.second(), ElementFormat.E5M2)
    };
    double[][] table = {
      {8.51e-4, 6.86e-4, 1.374e-3}, {4.08e-4, 2.44e-4, 9.35e-4}, {2.855e-3, 2.687e-3, 3.356e-3}
    };
    for (int row = 0; row < 3; row++) {
      for (int column = 0; column < 3; column++) {
        assertThat(moments.directionError(m[row], v[column]))
            .as("row %d, column %d", row, column)
            .isCloseTo(table[row][column], within(0.01 * table[row][column]));
      }
    }
    assertThat(median(first.exponents())).isEqualTo(1.8125f);
    assertThat(median(second.exponents())).isEqualTo(4.375f);
    assertExpanded(first, n);
    assertExpanded(second, n);
  }

  /** Every group reaches 448, no number becomes zero, and none is below 448 / 100352. */
  private void assertExpanded(Fp8Moment moment, int elements) {
    byte[] codes = tensors.codes(moment.codes());
    for (int group = 0; group < elements / GROUP; group++) {
      float largest = 0;
      float smallest = Float.POSITIVE_INFINITY;
      for (int i = group * GROUP; i < (group + 1) * GROUP; i++) {
        float code = Math.abs(ElementFormat.E4M3.decode(codes[i] & 0xFF));
        largest = Math.max(largest, code);
        smallest = Math.min(smallest, code);
      }
      assertThat(largest).as("group %d", group).isEqualTo(448f);
      assertThat(smallest).as("group %d", group).isGreaterThanOrEqualTo(0x1p-8f);
    }
  }

  private float median(Tensor values) {
    float[] sorted = tensors.read(values);
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  /** With beta1 = 0 the stored first moment is the gradient. */
  private Fp8Moment stored(double[] values) {
    Fp8Moment moment = fp8(values.length);
    Moment other = plain(DataType.F32, values.length);
    AdamWRule keep = new AdamWRule(0, 0.95f, 1e-8f, 0);
    Tensor gradients = tensors.of(narrowed(values), values.length);
    backend
        .optimizer()
        .adamW(tensors.zeros(values.length), gradients, moment, other, keep, control(1, 0, 1));
    return moment;
  }

  /** With beta2 = 0 the stored second moment is the gradient's square. */
  private Fp8Moment storedSquares(double[] values) {
    Fp8Moment moment = fp8(values.length);
    Moment other = plain(DataType.F32, values.length);
    AdamWRule keep = new AdamWRule(0.9f, 0, 1e-8f, 0);
    double[] roots = Arrays.stream(values).map(Math::sqrt).toArray();
    Tensor gradients = tensors.of(narrowed(roots), values.length);
    backend
        .optimizer()
        .adamW(tensors.zeros(values.length), gradients, other, moment, keep, control(1, 0, 1));
    return moment;
  }

  private static float[] narrowed(double[] values) {
    float[] narrow = new float[values.length];
    for (int i = 0; i < narrow.length; i++) {
      narrow[i] = (float) values[i];
    }
    return narrow;
  }

  /** What codes and group numbers mean, by the formula in double. */
  private double[] shown(Fp8Moment moment) {
    double[] values = new double[(int) moment.codes().elements()];
    byte[] codes = tensors.codes(moment.codes());
    float[] scales = tensors.read(moment.scales());
    float[] exponents = tensors.read(moment.exponents());
    float[] centres = tensors.read(moment.centres());
    for (int i = 0; i < values.length; i++) {
      int group = i / GROUP;
      double expanded = (double) ElementFormat.E4M3.decode(codes[i] & 0xFF) * scales[group];
      double magnitude = Math.pow(Math.abs(expanded), 1.0 / exponents[group]) * centres[group];
      values[i] = Math.copySign(magnitude, expanded);
    }
    return values;
  }

  /** Without expansion: one scale for each group. */
  private double[] quantized(double[] values, Minifloat format) {
    QuantSpec spec =
        new QuantSpec(
            format, ScaleFormat.FP32, new Granularity.Group(GROUP), Rounding.NEAREST_EVEN);
    QuantizedTensor target =
        new QuantizedTensor(
            spec,
            tensors.empty(DataType.U8, 1, values.length),
            tensors.zeros(1, values.length / GROUP));
    Tensor source = tensors.of(narrowed(values), 1, values.length);
    backend.quantize().quantize(source, target, RandomStream.NONE);
    Tensor back = tensors.zeros(1, values.length);
    backend.quantize().dequantize(target, back);
    double[] wide = new double[values.length];
    float[] narrow = tensors.read(back);
    for (int i = 0; i < wide.length; i++) {
      wide[i] = narrow[i];
    }
    return wide;
  }
}
