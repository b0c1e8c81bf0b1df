package io.octavo.serve;

/** Which rows of a step have a token drawn after them, and how. */
final class Draws {

  private final int[] rows;
  private final int[] positions;
  private final float[] temperatures;
  private final float[] masses;
  private final int[] seeds;
  private int count;

  Draws(int count) {
    rows = new int[count];
    positions = new int[count];
    temperatures = new float[count];
    masses = new float[count];
    seeds = new int[2 * count];
  }

  /** Adds a row that holds the token at {@code position} of what is continued. */
  void add(int row, int position, GenerationRequest request) {
    rows[count] = row;
    positions[count] = position;
    temperatures[count] = request.temperature();
    masses[count] = request.topP();
    seeds[2 * count] = (int) request.seed();
    seeds[2 * count + 1] = (int) (request.seed() >>> 32);
    count++;
  }

  int count() {
    return count;
  }

  int[] rows() {
    return rows;
  }

  int[] positions() {
    return positions;
  }

  float[] temperatures() {
    return temperatures;
  }

  float[] masses() {
    return masses;
  }

  /** Two halves each, the low one first. */
  int[] seeds() {
    return seeds;
  }
}
