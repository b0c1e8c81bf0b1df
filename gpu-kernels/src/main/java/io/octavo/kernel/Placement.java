package io.octavo.kernel;

import java.util.regex.Pattern;

/**
 * Where a backend computes.
 *
 * @param threads of the host, for backends that compute there
 * @param device address of the accelerator, for backends that compute on one: its number among
 *     those that this process may see, or its UUID as {@code nvidia-smi -L} prints it, that of a
 *     MIG instance too
 */
public record Placement(int threads, String device) {

  private static final Pattern NUMBER = Pattern.compile("\\d{1,9}");
  private static final Pattern UUID = Pattern.compile("(GPU|MIG)-[0-9A-Za-z/-]+");

  public Placement {
    if (threads < 1) {
      throw new IllegalArgumentException(
          "Invalid placement: %d threads (expected 1 or more)".formatted(threads));
    }
    if (!NUMBER.matcher(device).matches() && !UUID.matcher(device).matches()) {
      throw new IllegalArgumentException(
          "Invalid address of an accelerator: %s (expected a number, or a UUID such as GPU-... or MIG-...; let Spark's discovery script print what nvidia-smi -L shows)"
              .formatted(device));
    }
  }

  /** On the host, or on the first accelerator. */
  public static Placement ofThreads(int threads) {
    return new Placement(threads, "0");
  }

  /** On the host, or on the accelerator of a number. */
  public static Placement of(int threads, int device) {
    return new Placement(threads, Integer.toString(device));
  }

  /** Whether the device is given by its number. */
  public boolean isNumbered() {
    return NUMBER.matcher(device).matches();
  }
}
