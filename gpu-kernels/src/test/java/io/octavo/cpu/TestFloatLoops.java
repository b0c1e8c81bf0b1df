package io.octavo.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.octavo.format.ElementFormat;
import io.octavo.format.Minifloat;
import io.octavo.format.SpecialCodes;
import io.octavo.kernel.Tensors;
import io.octavo.quant.RandomStream;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The vectorised loops against the plain ones. */
class TestFloatLoops {

  private static final List<Minifloat> FORMATS =
      List.of(
          ElementFormat.E4M3,
          ElementFormat.E5M2,
          ElementFormat.E2M1,
          new Minifloat(3, 2, SpecialCodes.NONE),
          new Minifloat(4, 3, SpecialCodes.IEEE),
          new Minifloat(4, 3, SpecialCodes.FNUZ),
          new Minifloat(5, 2, SpecialCodes.FNUZ),
          new Minifloat(2, 0, SpecialCodes.NONE));

  private final FloatLoops vector = FloatLoops.best();
  private final FloatLoops scalar = new ScalarLoops();

  @BeforeEach
  void needsTheVectorApi() {
    assumeFalse(vector.name().equals("scalar"), "the JVM runs without jdk.incubator.vector");
  }

  private static float[] normal(long seed, double deviation, int count) {
    RandomStream random = new RandomStream(seed, 0);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (deviation * random.normal(i));
    }
    return values;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 13, 16, 31, 127, 1000})
  void reductionsAgree(int count) {
    float[] a = normal(1, 1, count + 3);
    float[] b = normal(2, 1, count + 3);
    assertThat(vector.dot(a, 3, b, 1, count))
        .isCloseTo(scalar.dot(a, 3, b, 1, count), offset(1e-6f * count));
    assertThat(vector.sum(a, 3, count)).isCloseTo(scalar.sum(a, 3, count), offset(1e-6f * count));
    assertThat(vector.max(a, 3, count)).isEqualTo(scalar.max(a, 3, count));
    assertThat(vector.amax(a, 3, count)).isEqualTo(scalar.amax(a, 3, count));
  }

  @Test
  void amaxIgnoresWhatIsNotFinite() {
    float[] a = normal(1, 1, 100);
    float expected = scalar.amax(a, 0, 90);
    a[90] = Float.NaN;
    a[91] = Float.NEGATIVE_INFINITY;
    Arrays.fill(a, 92, 100, 0);
    assertThat(vector.amax(a, 0, 100)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 13, 16, 31, 128})
  void leastNonZeroLooksPastZeros(int count) {
    float[] a = new float[count + 3];
    a[0] = 1e-30f;
    assertThat(vector.leastNonZero(a, 3, count)).isInfinite();
    a[count / 2 + 3] = -Float.MIN_VALUE;
    assertThat(vector.leastNonZero(a, 3, count)).isEqualTo(Float.MIN_VALUE);
    float[] b = normal(1, 1, count + 3);
    b[3] = -0f;
    assertThat(vector.leastNonZero(b, 3, count)).isEqualTo(scalar.leastNonZero(b, 3, count));
    Arrays.fill(b, Float.NEGATIVE_INFINITY);
    assertThat(vector.leastNonZero(b, 3, count)).isInfinite();
  }

  @Test
  void exponentialsAreWithinFourRoundingsOfTheTruth() {
    float[] x = new float[1 << 20];
    for (int i = 0; i < x.length; i++) {
      x[i] = -87 + 175 * (i / (float) x.length);
    }
    float[] actual = x.clone();
    vector.expAndSum(actual, 0, actual.length, 0);
    double worst = 0;
    for (int i = 0; i < x.length; i++) {
      double exact = Math.exp(x[i]);
      worst = Math.max(worst, Math.abs(actual[i] - exact) / exact);
    }
    assertThat(worst).isLessThan(4 * 0x1p-24);
  }

  @Test
  void exponentialsEndInZeroInfinityAndNan() {
    float[] x = new float[64];
    Arrays.fill(x, 0, 16, -200);
    Arrays.fill(x, 16, 32, Float.NEGATIVE_INFINITY);
    Arrays.fill(x, 32, 48, 200);
    Arrays.fill(x, 48, 64, Float.NaN);
    vector.expAndSum(x, 0, 64, 0);
    assertThat(Arrays.copyOfRange(x, 0, 32)).containsOnly(0);
    assertThat(Arrays.copyOfRange(x, 32, 48)).containsOnly(Float.POSITIVE_INFINITY);
    assertThat(Arrays.copyOfRange(x, 48, 64)).containsOnly(Float.NaN);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 13, 31, 1000})
  void swiGluAgrees(int count) {
    float[] gate = normal(1, 8, count);
    float[] up = normal(2, 1, count);
    float[] dout = normal(3, 1, count);
    float[] expected = new float[count];
    float[] actual = new float[count];
    scalar.swiGlu(gate, up, expected, count);
    vector.swiGlu(gate, up, actual, count);
    assertThat(Tensors.relativeError(actual, expected)).isLessThan(1e-6);
    float[] gradients = gate.clone();
    float[] upGradients = up.clone();
    scalar.swiGluBackward(dout, gate, up, count);
    vector.swiGluBackward(dout, gradients, upGradients, count);
    assertThat(Tensors.relativeError(gradients, gate)).isLessThan(1e-6);
    assertThat(Tensors.relativeError(upGradients, up)).isLessThan(1e-6);
  }

  @Test
  void castsOfEveryBf16AgreeBitForBit() {
    float[] all = new float[1 << 16];
    for (int i = 0; i < all.length; i++) {
      all[i] = Float.intBitsToFloat(i << 16);
    }
    float[] finite = new float[all.length];
    int count = 0;
    for (float value : all) {
      if (!Float.isNaN(value)) {
        finite[count++] = value;
      }
    }
    for (Minifloat format : FORMATS) {
      for (float scale : new float[] {1, 0.0123f, 0x1p-140f}) {
        int[] actual = new int[count];
        int[] expected = new int[count];
        vector.encode(format, finite, scale, actual, count);
        scalar.encode(format, finite, scale, expected, count);
        assertThat(Arrays.mismatch(actual, expected))
            .as("first input that %s by %s casts otherwise", format, scale)
            .isEqualTo(-1);
      }
    }
  }

  @Test
  void powersAgreeClosely() {
    float[] actual = normal(1, 1, 1000);
    float[] expected = actual.clone();
    vector.powMagnitude(actual, 1000, 0.37f);
    scalar.powMagnitude(expected, 1000, 0.37f);
    assertThat(actual).containsExactly(expected, offset(1e-6f));
  }
}
