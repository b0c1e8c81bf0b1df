package io.octavo.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** INT2 to INT8, symmetric and with a zero point, against decimal arithmetic. */
class TestIntegers {

  private static final Map<Rounding, RoundingMode> MODES =
      Map.of(
          Rounding.NEAREST_EVEN, RoundingMode.HALF_EVEN,
          Rounding.NEAREST_AWAY, RoundingMode.HALF_UP,
          Rounding.TOWARD_ZERO, RoundingMode.DOWN);

  private static int rounded(double value, RoundingMode mode) {
    return new BigDecimal(value).setScale(0, mode).intValueExact();
  }

  private static int clamped(int value, int low, int high) {
    return Math.max(low, Math.min(high, value));
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 5, 6, 7, 8})
  void symmetricOnesRoundEverySixteenth(int bits) {
    IntegerFormat format = new IntegerFormat(bits);
    int largest = (1 << bits - 1) - 1;
    MODES.forEach(
        (rounding, mode) -> {
          for (int sixteenth = -16 * 130; sixteenth <= 16 * 130; sixteenth++) {
            float x = sixteenth / 16f;
            int expected = clamped(rounded(x, mode), -largest, largest);
            assertThat(format.decode(format.encode(x, rounding, 0)))
                .as("%s %s", x, rounding)
                .isEqualTo(expected);
          }
        });
    assertThat(format.maxFinite()).isEqualTo(largest);
    assertThat(format.decode(format.encode(Float.NEGATIVE_INFINITY, Rounding.NEAREST_EVEN, 0)))
        .isEqualTo(-largest);
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 5, 6, 7, 8})
  void onesWithAZeroPointRoundEverySixteenth(int bits) {
    int largest = (1 << bits) - 1;
    for (int zeroPoint : new int[] {0, 1, largest / 2, largest}) {
      AsymmetricInteger grid = new AsymmetricInteger(bits, 0.25f, zeroPoint);
      MODES.forEach(
          (rounding, mode) -> {
            for (int sixteenth = -16 * 260; sixteenth <= 16 * 260; sixteenth += 3) {
              float x = sixteenth / 64f;
              int code = clamped(zeroPoint + rounded(x / 0.25, mode), 0, largest);
              assertThat(grid.encode(x, rounding, 0))
                  .as("%s from %d %s", x, zeroPoint, rounding)
                  .isEqualTo(code);
              assertThat(grid.decode(code)).isEqualTo((code - zeroPoint) * 0.25f);
            }
          });
      assertThat(grid.encode(Float.NaN, Rounding.NEAREST_EVEN, 0)).isEqualTo(zeroPoint);
      assertThat(grid.encode(Float.POSITIVE_INFINITY, Rounding.STOCHASTIC, -1)).isEqualTo(largest);
      assertThat(grid.encode(Float.NEGATIVE_INFINITY, Rounding.STOCHASTIC, -1)).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 4, 8})
  void drawNeighboursInProportion(int bits) {
    IntegerFormat symmetric = new IntegerFormat(bits);
    AsymmetricInteger shifted = new AsymmetricInteger(bits, 2, 1);
    int draws = 4096;
    double sum = 0;
    double shiftedSum = 0;
    for (int i = 0; i < draws; i++) {
      int random = Philox.bits(3, bits, i);
      sum += symmetric.decode(symmetric.encode(-0.7f, Rounding.STOCHASTIC, random));
      shiftedSum += shifted.decode(shifted.encode(-0.6f, Rounding.STOCHASTIC, random));
    }
    double bound = 5 * Math.sqrt(0.21 / draws);
    assertThat(sum / draws).isCloseTo(-0.7, within(bound));
    assertThat(shiftedSum / draws).isCloseTo(-0.6, within(2 * bound));
  }

  @Test
  void refuseGridsThatCannotBe() {
    assertThatThrownBy(() -> new AsymmetricInteger(9, 1, 0)).hasMessageContaining("2 to 8 bits");
    assertThatThrownBy(() -> new AsymmetricInteger(4, 0, 0)).hasMessageContaining("scale 0.0");
    assertThatThrownBy(() -> new AsymmetricInteger(4, 1, 16)).hasMessageContaining("zero point 16");
    assertThatThrownBy(() -> new AsymmetricInteger(4, Float.NaN, 0))
        .hasMessageContaining("scale NaN");
  }
}
