package io.octavo.ptq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TestScaleConstraint {

  private static final float[] SCALES = {0.37f, 0.21f, 0.10f, 0.05f};

  private static float[] m1(Bracket bracket, float... scales) {
    return new ScaleConstraint.PowerOfTwo(bracket).constrain(scales, scales.length).scales();
  }

  private static float[] m2(Bracket bracket, float... scales) {
    return new ScaleConstraint.SharedFraction(bracket, 1).constrain(scales, scales.length).scales();
  }

  /** Worked numbers of the specification (4.3). */
  @Test
  void givesTheWorkedNumbers() {
    float[] powers = {0.5f, 0.25f, 0.125f, 0.0625f};
    assertThat(m1(Bracket.CEIL, SCALES)).containsExactly(powers);
    assertThat(m1(Bracket.NEAREST, SCALES)).containsExactly(powers);
    assertThat(m2(Bracket.CEIL, SCALES)).containsExactly(0.37f, 0.37f / 2, 0.37f / 4, 0.37f / 8);
    assertThat(m2(Bracket.FLOOR, SCALES)).containsExactly(0.37f, 0.37f, 0.37f / 2, 0.37f / 4);
  }

  /** One ulp beside a power of two, where logarithms err. */
  @ParameterizedTest
  @EnumSource(Bracket.class)
  void powersStayPowers(Bracket bracket) {
    for (int exponent = -100; exponent <= 100; exponent++) {
      float power = Math.scalb(1f, exponent);
      assertThat(m1(bracket, power)).containsExactly(power);
      float above = m1(bracket, Math.nextUp(power))[0];
      assertThat(above).isEqualTo(bracket == Bracket.CEIL ? 2 * power : power);
      float below = m1(bracket, Math.nextDown(power))[0];
      assertThat(below).isEqualTo(bracket == Bracket.FLOOR ? power / 2 : power);
      assertThat(m2(bracket, 1.7f * power, 1.7f * power / 8))
          .containsExactly(1.7f * power, 1.7f * power / 8);
    }
  }

  /** Groups of zeros have no say in what the others get. */
  @Test
  void leavesOutGroupsOfZeros() {
    assertThat(m1(Bracket.CEIL, 0, 0.01f)).containsExactly(0x1p-6f, 0x1p-6f);
    assertThat(m2(Bracket.FLOOR, 0, 0.01f, 0.004f)).containsExactly(0.01f, 0.01f, 0.005f);
    assertThat(m1(Bracket.CEIL, 0, 0)).containsExactly(1, 1);
    assertThat(m2(Bracket.CEIL, 0, 0)).containsExactly(1, 1);
    assertThat(new ScaleConstraint.Free().constrain(new float[] {0, 3}, 2).scales())
        .containsExactly(1, 3);
  }

  /** Beyond 14 binades below the largest, codes times scales are no E4M3 numbers any more. */
  @Test
  void raisesAndCountsScalesFarBelowTheLargest() {
    var constrained =
        new ScaleConstraint.PowerOfTwo(Bracket.NEAREST)
            .constrain(new float[] {1, 0x1p-14f, 0x1p-15f, 0x1p-30f}, 4);
    assertThat(constrained.scales()).containsExactly(1, 0x1p-14f, 0x1p-14f, 0x1p-14f);
    assertThat(constrained.clamped()).isEqualTo(2);

    var shared =
        new ScaleConstraint.SharedFraction(Bracket.CEIL, 2)
            .constrain(new float[] {3, 1e-9f, 2, 1, 1e-9f, 1e-9f}, 2);
    assertThat(shared.scales()[1]).isEqualTo(3 * 0x1p-14f);
    assertThat(shared.scales()[4]).isEqualTo(1e-9f);
    assertThat(shared.clamped()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"fp4", "w4a8-int4", "w4a8-int4-16", "w4a8-e2m1-512", "w4a8-int4-96", "fp8"})
  void namesSchemesThatAreKnown(String name) {
    assertThatThrownBy(() -> SchemeNames.of(name))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Invalid quantization scheme: " + name)
        .hasMessageContaining("fp8-row");
  }
}
