package io.octavo.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.octavo.kernel.Placement;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TestDeviceAddresses {

  private static final String FIRST = "00010203-0405-0607-0809-0a0b0c0d0e0f";
  private static final String SECOND = "ffeeddcc-bbaa-9988-7766-554433221100";

  @Test
  void uuidsAreWrittenAsNvidiaSmiWritesThem() {
    byte[] bytes = new byte[16];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) i;
    }
    assertThat(DeviceAddresses.format(bytes)).isEqualTo(FIRST);
  }

  @Test
  void devicesAreFoundByUuid() {
    List<String> visible = List.of(FIRST, SECOND);
    assertThat(DeviceAddresses.find("GPU-" + SECOND, visible)).isEqualTo(1);
    assertThat(DeviceAddresses.find("MIG-" + FIRST.toUpperCase(Locale.ROOT), visible)).isZero();
    assertThatThrownBy(() -> DeviceAddresses.find("MIG-" + SECOND, List.of(FIRST)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Cannot find device MIG-" + SECOND)
        .hasMessageContaining(FIRST)
        .hasMessageContaining("CUDA_VISIBLE_DEVICES");
  }

  @Test
  void numbersAreTheirOwnOrdinals() {
    assertThat(DeviceAddresses.ordinal(new Placement(1, "3"))).isEqualTo(3);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-1", "cuda:0", "GPU 0", "99999999999"})
  void otherAddressesAreRefusedWithWhatIsExpected(String address) {
    assertThatThrownBy(() -> new Placement(1, address))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(address)
        .hasMessageContaining("expected a number, or a UUID such as GPU-... or MIG-...");
  }
}
