package io.octavo.model;

import java.nio.FloatBuffer;

/** Weights by Hugging Face name, wherever they come from. */
public interface WeightSource {

  /**
   * Reads elements {@code [from, from + target.remaining())} of a weight, converted to F32.
   *
   * @throws IllegalArgumentException where there is no such weight, or it is of another shape
   */
  void read(Parameter parameter, long from, FloatBuffer target);

  /**
   * Says what is wrong with a weight before memory is taken for all of them.
   *
   * @throws IllegalArgumentException as {@link #read}
   */
  default void check(Parameter parameter) {
    // Sources that are made for a model have its weights.
  }
}
