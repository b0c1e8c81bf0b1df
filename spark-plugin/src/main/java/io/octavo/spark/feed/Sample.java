package io.octavo.spark.feed;

import java.io.Serializable;
import java.util.Comparator;

/**
 * One packed sequence.
 *
 * @param id stable: does not depend on how the input was partitioned
 * @param tokens {@code sequenceLength + 1} ids
 */
public record Sample(long id, int[] tokens) implements Serializable {

  /** Order by id. */
  public static final Comparator<Sample> BY_ID = new ById();

  private static final class ById implements Comparator<Sample>, Serializable {
    private static final long serialVersionUID = 1L;

    @Override
    public int compare(Sample a, Sample b) {
      return Long.compare(a.id(), b.id());
    }
  }
}
