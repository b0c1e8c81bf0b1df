package io.octavo.format;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** All codes, and what lies between neighbours. */
class TestHalf {

  private static final int LARGEST = 0x7BFF;

  @Test
  void everyCodeComesBack() {
    for (int code = 0; code < 1 << 16; code++) {
      float value = Half.decode((short) code);
      if (!Float.isNaN(value)) {
        assertThat(Half.encode(value)).as("%04x", code).isEqualTo((short) code);
      }
    }
  }

  @Test
  void aNumberBetweenTwoGoesToTheNearerAndHalfwayToTheEven() {
    for (int code = 0; code < LARGEST; code++) {
      // Exact in FP32: halves have 11 bits.
      float middle = (Half.decode((short) code) + Half.decode((short) (code + 1))) / 2;
      int even = code + (code & 1);
      assertThat(Half.encode(middle)).as("%04x", code).isEqualTo((short) even);
      assertThat(Half.encode(Math.nextDown(middle))).as("%04x", code).isEqualTo((short) code);
      assertThat(Half.encode(Math.nextUp(middle))).as("%04x", code).isEqualTo((short) (code + 1));
      assertThat(Half.encode(-middle)).as("%04x", code).isEqualTo((short) (even | 0x8000));
    }
  }

  @Test
  void whatIsTooLargeIsInfinityAndNanStaysNan() {
    assertThat(Half.encode(Math.nextDown(65520f))).isEqualTo((short) LARGEST);
    assertThat(Half.encode(65520f)).isEqualTo((short) 0x7C00);
    assertThat(Half.encode(Float.NEGATIVE_INFINITY)).isEqualTo((short) 0xFC00);
    assertThat(Half.decode(Half.encode(Float.NaN))).isNaN();
    assertThat(Half.encode(Float.MIN_VALUE)).isZero();
  }
}
