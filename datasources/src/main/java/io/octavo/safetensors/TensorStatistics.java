package io.octavo.safetensors;

/**
 * Statistics of a tensor's numbers; NaNs are counted and otherwise left out.
 *
 * @param count numbers that are not NaN
 * @param min smallest
 * @param max largest
 * @param amax largest magnitude
 * @param zeroShare zeros over all elements
 * @param nans how many elements are NaN
 */
public record TensorStatistics(
    long count, double min, double max, double amax, double zeroShare, long nans) {

  /** Of nothing. */
  public static final TensorStatistics NONE = new TensorStatistics(0, 0, 0, 0, 0, 0);

  /** Reads a tensor once, in stretches; nothing is said of complex numbers. */
  public static TensorStatistics of(SafetensorsFile file, TensorEntry entry) {
    if (!entry.type().isReal()) {
      return NONE;
    }
    Counter counter = new Counter();
    file.forEach(
        entry,
        0,
        entry.elements(),
        (type, bytes, first, count) -> {
          for (int i = first; i < first + count; i++) {
            counter.add(type.read(bytes, i));
          }
        });
    return counter.statistics(entry.elements());
  }

  private static final class Counter {
    private long count;
    private long zeros;
    private long nans;
    private double min = Double.POSITIVE_INFINITY;
    private double max = Double.NEGATIVE_INFINITY;

    void add(double value) {
      if (Double.isNaN(value)) {
        nans++;
        return;
      }
      count++;
      zeros += value == 0 ? 1 : 0;
      min = Math.min(min, value);
      max = Math.max(max, value);
    }

    TensorStatistics statistics(long elements) {
      double amax = Math.max(Math.abs(min), Math.abs(max));
      double zeroShare = elements == 0 ? 0 : (double) zeros / elements;
      return count == 0
          ? new TensorStatistics(0, 0, 0, 0, 0, nans)
          : new TensorStatistics(count, min, max, amax, zeroShare, nans);
    }
  }
}
