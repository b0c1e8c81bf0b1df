package io.octavo.model;

/** How rotary frequencies are stretched for longer contexts (Hugging Face {@code rope_type}). */
public sealed interface RopeScaling {

  /** The frequency to use in place of {@code frequency} (radians a position). */
  double scale(double frequency);

  /** {@code default}: unchanged. */
  record Default() implements RopeScaling {
    @Override
    public double scale(double frequency) {
      return frequency;
    }
  }

  /** {@code linear}: every frequency divided by {@code factor}. */
  record Linear(double factor) implements RopeScaling {
    @Override
    public double scale(double frequency) {
      return frequency / factor;
    }
  }

  /**
   * {@code llama3}: low frequencies divided by {@code factor}, high ones kept, a smooth blend
   * between, by wavelength relative to the original context.
   */
  record Llama3(
      double factor, double lowFrequencyFactor, double highFrequencyFactor, double originalContext)
      implements RopeScaling {
    @Override
    public double scale(double frequency) {
      double wavelength = 2 * Math.PI / frequency;
      if (wavelength > originalContext / lowFrequencyFactor) {
        return frequency / factor;
      }
      if (wavelength < originalContext / highFrequencyFactor) {
        return frequency;
      }
      double blend =
          (originalContext / wavelength - lowFrequencyFactor)
              / (highFrequencyFactor - lowFrequencyFactor);
      return (1 - blend) * frequency / factor + blend * frequency;
    }
  }
}
