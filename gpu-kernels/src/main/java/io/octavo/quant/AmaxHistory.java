package io.octavo.quant;

/**
 * The largest magnitudes of the last casts of one tensor: delayed scaling takes the scale of the
 * next cast from them, before the tensor itself has been looked at.
 *
 * <p>In memory it is F32: the place of the next entry, then one entry a cast in a ring, 0 where
 * there has been none. All zeros is a history without casts.
 */
public final class AmaxHistory {

  private final float[] state;

  /** A history over {@code state}, which {@link #add} changes. */
  public AmaxHistory(float[] state) {
    if (state.length < 2) {
      throw new IllegalArgumentException(
          "Invalid amax history: %d elements (expected 2 or more)".formatted(state.length));
    }
    this.state = state;
  }

  /** Elements of a history of the last {@code casts}. */
  public static long elements(int casts) {
    return 1L + casts;
  }

  /**
   * What the scale of the next cast is taken from: the largest entry, or {@code amax} of the tensor
   * itself where there is none yet.
   */
  public float largestOr(float amax) {
    float largest = 0;
    for (int i = 1; i < state.length; i++) {
      largest = Math.max(largest, state[i]);
    }
    return largest == 0 ? amax : largest;
  }

  /** Takes {@code amax} in the place of the oldest entry. */
  public void add(float amax) {
    int next = (int) state[0];
    state[1 + next] = amax;
    state[0] = (next + 1) % (state.length - 1);
  }
}
