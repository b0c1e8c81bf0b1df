package io.octavo.spark;

import java.util.Locale;

/** What a rank is doing. */
public enum Phase {
  /** Meets and connects to the other ranks. */
  RENDEZVOUS,
  /** Builds the model and reads weights or a checkpoint. */
  PREPARE,
  /** Waits for samples. */
  FEED,
  /** Computes a step. */
  STEP,
  /** Copies its state for a checkpoint. */
  CHECKPOINT,
  /** Computes the held-out loss. */
  EVALUATE,
  /** Writes the model. */
  EXPORT;

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
