package io.octavo.ptq;

import io.octavo.format.ElementFormat;
import io.octavo.tensor.HostWeight;

/**
 * What a cast lost.
 *
 * @param relative norm of the difference over norm of the numbers; 0 where all are 0
 * @param clipped share of numbers beyond the largest code
 * @param underflowed share of numbers that are not 0 but became 0
 */
public record QuantizationError(double relative, double clipped, double underflowed) {

  // A quotient by a rounded scale may pass the largest code by an ulp or two without being clipped.
  private static final double SLACK = 1 + 0x1p-20;

  /** Signal to quantization noise, in decibel; infinite where nothing was lost. */
  public double sqnr() {
    return -20 * Math.log10(relative);
  }

  /** Compares a weight of codes with the numbers it was cast from. */
  static QuantizationError of(float[] values, HostWeight weight) {
    ElementFormat element = weight.scheme().weight().orElseThrow().element();
    int columns = weight.columns();
    double signal = 0;
    double noise = 0;
    long clipped = 0;
    long underflowed = 0;
    for (int i = 0; i < values.length; i++) {
      float scale = weight.scale(i / columns, i % columns);
      float decoded = element.decode(weight.values().get(i) & 0xFF) * scale;
      double difference = (double) values[i] - decoded;
      signal += (double) values[i] * values[i];
      noise += difference * difference;
      clipped += Math.abs(values[i]) > (double) scale * element.maxFinite() * SLACK ? 1 : 0;
      underflowed += values[i] != 0 && decoded == 0 ? 1 : 0;
    }
    double count = Math.max(1, values.length);
    return new QuantizationError(
        signal == 0 ? 0 : Math.sqrt(noise / signal), clipped / count, underflowed / count);
  }
}
