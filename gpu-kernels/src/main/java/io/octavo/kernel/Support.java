package io.octavo.kernel;

/** Why a path is or is not taken on a device. */
public sealed interface Support {

  /** The hardware has it. */
  record Native() implements Support {}

  /** Same numbers, by other means; {@code reason} is printed wherever a speed is claimed. */
  record Emulated(String reason) implements Support {}

  /** Not to be had; {@code reason} says what is missing. */
  record Unsupported(String reason) implements Support {}
}
