package io.octavo.serve;

/**
 * How much a step has of everything, rows that are not used included.
 *
 * @param rows tokens
 * @param sequences that they belong to
 * @param width pages of a block table
 */
record StepExtent(int rows, int sequences, int width) {

  private static final int FEWEST_PAGES = 8;

  /** What a step has and no more. */
  static StepExtent exact(StepRows step, int mostPages) {
    return new StepExtent(
        step.count(), step.sequenceCount(), Math.min(mostPages, step.widestTable()));
  }

  /**
   * The next larger of few extents, for a step of one row a sequence and at most {@code mostRows}:
   * steps that are replayed must be alike.
   */
  static StepExtent rounded(StepRows step, int mostRows, int mostPages) {
    int rows = Math.min(mostRows, rounded(step.count()));
    int width = FEWEST_PAGES;
    while (width < step.widestTable()) {
      width *= 2;
    }
    return new StepExtent(rows, rows, Math.min(mostPages, width));
  }

  /** Powers of two up to 8, multiples of 8 up to 64, of 32 above. */
  static int rounded(int count) {
    if (count <= 8) {
      return count <= 1 ? 1 : 2 * Integer.highestOneBit(count - 1);
    }
    int unit = count <= 64 ? 8 : 32;
    return (count + unit - 1) / unit * unit;
  }
}
