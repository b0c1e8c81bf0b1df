package io.octavo.model;

/** How rotary frequencies are stretched for longer contexts (Hugging Face {@code rope_type}). */
public sealed interface RopeScaling {

  /** The frequency to use in place of {@code frequency} (radians a position). */
  double scale(double frequency);

  /** What cosines and sines are multiplied by. */
  default double attentionFactor() {
    return 1;
  }

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

  /**
   * {@code yarn}: frequencies that turn less than {@code slow} times within the original context
   * are divided by {@code factor}, those of more than {@code fast} turns kept, a ramp over the
   * channels between.
   *
   * @param theta base of the frequencies
   * @param headSize channels of a head
   */
  record Yarn(
      double factor,
      double fast,
      double slow,
      double originalContext,
      double attentionFactor,
      double theta,
      int headSize)
      implements RopeScaling {

    @Override
    public double scale(double frequency) {
      double channel = -Math.log(frequency) / Math.log(theta) * headSize / 2;
      double low = Math.max(Math.floor(channelOf(fast)), 0);
      double high = Math.min(Math.ceil(channelOf(slow)), headSize - 1);
      double width = Math.max(high - low, 0.001);
      double ramp = Math.max(0, Math.min(1, (channel - low) / width));
      return frequency / factor * ramp + frequency * (1 - ramp);
    }

    /** The channel, a real number, that turns so often within the original context. */
    private double channelOf(double turns) {
      return headSize * Math.log(originalContext / (turns * 2 * Math.PI)) / (2 * Math.log(theta));
    }
  }
}
