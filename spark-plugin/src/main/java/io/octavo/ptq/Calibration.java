package io.octavo.ptq;

import java.util.Optional;

/** What was measured of the inputs of linear layers, by the name of their weight. */
public interface Calibration {

  /** Nothing was measured. */
  Calibration NONE =
      new Calibration() {
        @Override
        public Optional<float[]> inputAmax(String weight) {
          return Optional.empty();
        }

        @Override
        public Optional<double[]> inputGram(String weight) {
          return Optional.empty();
        }
      };

  /** The largest magnitude of each input channel. */
  Optional<float[]> inputAmax(String weight);

  /** {@code X^T X} over all tokens seen, row-major {@code [K, K]}. */
  Optional<double[]> inputGram(String weight);
}
