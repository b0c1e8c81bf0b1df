package io.octavo.cuda;

import io.octavo.kernel.Placement;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import jcuda.driver.JCudaDriver;
import org.bytedeco.cuda.cudart.CUuuid;
import org.bytedeco.cuda.global.cudart;

/** Devices by the addresses that resource managers give out. */
final class DeviceAddresses {

  private DeviceAddresses() {}

  /**
   * The number, among the devices that this process may see, of a placement's device.
   *
   * @throws IllegalArgumentException where the process sees no such device
   */
  static int ordinal(Placement placement) {
    return placement.isNumbered()
        ? Integer.parseInt(placement.device())
        : find(placement.device(), visible());
  }

  /** UUIDs of the devices that this process may see, in their order, without prefixes. */
  private static List<String> visible() {
    Status.check(JCudaDriver.cuInit(0), "start the driver");
    int[] count = new int[1];
    Status.check(JCudaDriver.cuDeviceGetCount(count), "count devices");
    List<String> uuids = new ArrayList<>();
    for (int device = 0; device < count[0]; device++) {
      uuids.add(uuid(device));
    }
    return uuids;
  }

  /** Of a device that is a MIG instance, the instance's. */
  private static String uuid(int device) {
    byte[] bytes = new byte[16];
    try (CUuuid uuid = new CUuuid()) {
      Status.check(cudart.cuDeviceGetUuid(uuid, device), "read the UUID of device " + device);
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = uuid.bytes(i);
      }
    }
    return format(bytes);
  }

  static String format(byte[] uuid) {
    String hex = HexFormat.of().formatHex(uuid);
    return String.join(
        "-",
        hex.substring(0, 8),
        hex.substring(8, 12),
        hex.substring(12, 16),
        hex.substring(16, 20),
        hex.substring(20));
  }

  /** The place of an address such as {@code GPU-<uuid>} among {@code uuids}. */
  static int find(String address, List<String> uuids) {
    String wanted = address.substring(address.indexOf('-') + 1);
    for (int device = 0; device < uuids.size(); device++) {
      if (uuids.get(device).equalsIgnoreCase(wanted)) {
        return device;
      }
    }
    throw new IllegalArgumentException(
        "Cannot find device %s: this process sees %s. A process sees one MIG instance at most, the first unless CUDA_VISIBLE_DEVICES names another: set it for the executor (spark.executorEnv.CUDA_VISIBLE_DEVICES), or let the discovery script print numbers"
            .formatted(address, uuids.isEmpty() ? "no device" : uuids));
  }
}
