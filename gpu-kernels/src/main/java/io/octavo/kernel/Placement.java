package io.octavo.kernel;

/**
 * Where a backend computes.
 *
 * @param threads of the host, for backends that compute there
 * @param device number among the accelerators that this process may see, for those that compute on
 *     one
 */
public record Placement(int threads, int device) {

  public Placement {
    if (threads < 1 || device < 0) {
      throw new IllegalArgumentException(
          "Invalid placement: %d threads, device %d (expected 1 or more, 0 or more)"
              .formatted(threads, device));
    }
  }

  /** On the host, or on the first accelerator. */
  public static Placement ofThreads(int threads) {
    return new Placement(threads, 0);
  }
}
