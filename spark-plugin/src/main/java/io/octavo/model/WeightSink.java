package io.octavo.model;

import java.nio.FloatBuffer;

/** Takes the weights of a model one at a time. */
public interface WeightSink {

  /** All elements of a weight, row-major; valid during the call. */
  void accept(Parameter parameter, FloatBuffer values);
}
