package io.octavo.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Integers, E8M0, BF16 by every rounding, Philox. */
class TestOtherFormats {

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 5, 6, 7, 8})
  void symmetricIntegersGoThereAndBack(int bits) {
    IntegerFormat format = new IntegerFormat(bits);
    int largest = (1 << bits - 1) - 1;
    for (int value = -largest; value <= largest; value++) {
      int code = format.encode(value, Rounding.NEAREST_EVEN, 0);
      assertThat(code).isBetween(0, (1 << bits) - 1);
      assertThat(format.decode(code)).isEqualTo(value);
    }
    assertThat(format.decode(format.encode(1000, Rounding.NEAREST_EVEN, 0))).isEqualTo(largest);
    assertThat(format.decode(format.encode(-1000, Rounding.TOWARD_ZERO, 0))).isEqualTo(-largest);
    assertThat(format.encode(Float.NaN, Rounding.NEAREST_EVEN, 0)).isZero();
  }

  @ParameterizedTest
  @CsvSource({
    "NEAREST_EVEN,2.5,2",
    "NEAREST_EVEN,3.5,4",
    "NEAREST_EVEN,-2.5,-2",
    "NEAREST_AWAY,2.5,3",
    "NEAREST_AWAY,-2.5,-3",
    "TOWARD_ZERO,2.9,2",
    "TOWARD_ZERO,-2.9,-2"
  })
  void integersRoundAsTold(Rounding rounding, float value, float expected) {
    IntegerFormat format = new IntegerFormat(8);
    assertThat(format.decode(format.encode(value, rounding, 0))).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({"-1,3,8", "0,5,4", "-7,0,3", "0.5,2,8", "-3,-1,6", "0,0,2"})
  void asymmetricIntegersCoverTheRangeAndHoldZero(float min, float max, int bits) {
    AsymmetricInteger grid = AsymmetricInteger.fit(bits, min, max);
    assertThat(grid.decode(grid.encode(0, Rounding.NEAREST_EVEN, 0))).isZero();
    for (float x = min; x <= max; x += (max - min) / 50 + 1e-3f) {
      float back = grid.decode(grid.encode(x, Rounding.NEAREST_EVEN, 0));
      assertThat(back).isCloseTo(x, within(grid.scale() * 1.001f));
    }
    for (int code = 0; code < 1 << bits; code++) {
      assertThat(grid.encode(grid.decode(code), Rounding.NEAREST_EVEN, 0)).isEqualTo(code);
    }
    assertThat(grid.encode(1e30f, Rounding.NEAREST_EVEN, 0)).isEqualTo((1 << bits) - 1);
    assertThat(grid.encode(-1e30f, Rounding.NEAREST_EVEN, 0)).isZero();
  }

  @Test
  void refusesIntegersThatCannotBe() {
    assertThatThrownBy(() -> new IntegerFormat(9)).hasMessageContaining("expected 2 to 8");
    assertThatThrownBy(() -> AsymmetricInteger.fit(4, 1, Float.NaN))
        .hasMessageContaining("a finite range");
  }

  @ParameterizedTest
  @CsvSource({
    "0.017857143,122",
    "1,127",
    "0.03125,122",
    "1.0000001,128",
    "2.2321429e-7,105",
    "0.3,126",
    "0,0",
    "3e38,254"
  })
  void scalesRoundUpToPowersOfTwo(float scale, int code) {
    assertThat(E8M0.encodeUp(scale)).isEqualTo(code);
  }

  @ParameterizedTest
  @CsvSource({
    "NEAREST_EVEN,1.5,128", "NEAREST_EVEN,1.49,127", "TOWARD_ZERO,1.99,127",
    "NEAREST_AWAY,1.5,128", "STOCHASTIC,1.99,128", "STOCHASTIC,1,127"
  })
  void powersOfTwoRoundAsTold(Rounding rounding, float value, int code) {
    assertThat(E8M0.encode(value, rounding, 1 << 20)).isEqualTo(code);
  }

  @Test
  void bf16RoundsAsTold() {
    float tie = Float.intBitsToFloat(0x3F808000);
    float above = Float.intBitsToFloat(0x3F808001);
    assertThat(Bfloat16.encode(tie, Rounding.NEAREST_EVEN, 0)).isEqualTo((short) 0x3F80);
    assertThat(Bfloat16.encode(tie, Rounding.NEAREST_AWAY, 0)).isEqualTo((short) 0x3F81);
    assertThat(Bfloat16.encode(-tie, Rounding.NEAREST_AWAY, 0)).isEqualTo((short) 0xBF81);
    assertThat(Bfloat16.encode(above, Rounding.TOWARD_ZERO, 0)).isEqualTo((short) 0x3F80);
    assertThat(Bfloat16.encode(above, Rounding.STOCHASTIC, 0)).isEqualTo((short) 0x3F81);
    assertThat(Bfloat16.encode(above, Rounding.STOCHASTIC, -1)).isEqualTo((short) 0x3F80);
    for (int bits = 0; bits < 1 << 20; bits++) {
      float x = Float.intBitsToFloat(bits * 4099);
      assertThat(Bfloat16.encode(x, Rounding.NEAREST_EVEN, 0)).isEqualTo(Bfloat16.encode(x));
    }
  }

  /** Known answers of the Random123 library for Philox4x32-10. */
  @Test
  void philoxGivesItsKnownAnswers() {
    int[] zeros = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
    int[] ones = {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd};
    for (int word = 0; word < 4; word++) {
      assertThat(Philox.bits(0, 0, word)).isEqualTo(zeros[word]);
    }
    for (int word = 0; word < 4; word++) {
      assertThat(Philox.block(-1L, -1L, -1L)[word]).isEqualTo(ones[word]);
    }
  }
}
