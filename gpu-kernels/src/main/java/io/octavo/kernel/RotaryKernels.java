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
   * Rotates in place.
   *
   * @param x {@code [M, H * D]}
   * @param positions {@code I32 [M]}, each in {@code [0, P)}
   * @param cosine {@code [P, D/2]}, including any attention scaling of the rope type
   * @param sine {@code [P, D/2]}
   */
  void rotate(Tensor x, Tensor positions, Tensor cosine, Tensor sine, Direction direction);
}
