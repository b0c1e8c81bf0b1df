package io.octavo.format;

/** Which neighbour a number between two codes becomes. */
public enum Rounding {
  /** The nearer; of two equally near, the one with an even code. */
  NEAREST_EVEN,
  /** The nearer; of two equally near, the one of larger magnitude. */
  NEAREST_AWAY,
  /** The one of smaller magnitude. */
  TOWARD_ZERO,
  /** Either, with probability of its nearness. */
  STOCHASTIC
}
