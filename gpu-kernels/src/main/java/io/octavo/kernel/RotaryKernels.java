package io.octavo.kernel;

import io.octavo.tensor.Tensor;

/**
 * Rotary position embedding in Hugging Face's half-split layout: of each head's {@code D} channels,
 * channel {@code j} and {@code j + D/2} are rotated by {@code position * frequency_j}.
 */
public interface RotaryKernels {

  /** Direction of the rotation: backward is its inverse, which is its gradient. */
  enum Direction {
    FORWARD,
    BACKWARD
  }

  /**
   * Rotates the first {@code heads} heads of every row in place.
   *
   * @param x {@code [M, W]}, {@code W >= heads * D}; columns after the rotated heads stay as they
   *     are
   * @param heads how many heads rotate: queries and keys, not values
   * @param positions {@code I32 [M]}, each in {@code [0, P)}
   * @param cosine {@code [P, D/2]}, including any attention scaling of the rope type
   * @param sine {@code [P, D/2]}
   */
  void rotate(
      Tensor x, int heads, Tensor positions, Tensor cosine, Tensor sine, Direction direction);
}
