package io.octavo.quant;

/**
 * The largest magnitudes of the last casts of one tensor: delayed scaling takes the scale of the
 * next cast from them, before the tensor itself has been looked at.
 *
 * <p>The amax of the cast made last is kept beside the entries and becomes one when another cast is
 * made. So the scale of that cast can be found again, for the same numbers to be cast again.
 *
 * <p>In memory it is F32: the place of the next entry, the amax of the cast made last, then the
 * entries in a ring, 0 where there has been none. All zeros is a history without casts.
 */
public final class AmaxHistory {

  private static final int RING = 2;

  private final float[] state;

  /** A history over {@code state}, which {@link #advance} and {@link #note} change. */
  public AmaxHistory(float[] state) {
    if (state.length <= RING) {
      throw new IllegalArgumentException(
          "Invalid amax history: %d elements (expected %d or more)"
              .formatted(state.length, RING + 1));
    }
    this.state = state;
  }

  /** Elements of a history of the last {@code casts}. */
  public static long elements(int casts) {
    return RING + (long) casts;
  }

  /** Makes the amax of the cast made last an entry, in the place of the oldest. */
  public void advance() {
    int next = (int) state[0];
    state[RING + next] = state[1];
    state[0] = (next + 1) % (state.length - RING);
  }

  /**
   * What the scale is taken from: the largest entry, or {@code amax} of the tensor itself where
   * there is none above 0.
   */
  public float largestOr(float amax) {
    float largest = 0;
    for (int i = RING; i < state.length; i++) {
      largest = Math.max(largest, state[i]);
    }
    return largest == 0 ? amax : largest;
  }

  /** Keeps the amax of the cast that is made. */
  public void note(float amax) {
    state[1] = amax;
  }
}
