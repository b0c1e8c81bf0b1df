package io.octavo.collective;

/**
 * Which message of an attempt this is; a pair of ranks uses each tag once in each direction.
 *
 * @param sequence number of the collective operation, counted from 0 by every rank alike
 * @param chunk part of that operation's data
 */
public record MessageTag(long sequence, int chunk) {

  @Override
  public String toString() {
    return sequence + "." + chunk;
  }
}
