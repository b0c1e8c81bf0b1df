package io.octavo.ptq;

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
    return of(values, weight, CodeTable.of(weight.scheme().weight().orElseThrow().element()));
  }

  static QuantizationError of(float[] values, HostWeight weight, CodeTable table) {
    Sums sums = new Sums(values, weight, table);
    ScaleRuns.forEach(weight, sums::add);
    double count = Math.max(1, values.length);
    return new QuantizationError(
        sums.signal == 0 ? 0 : Math.sqrt(sums.noise / sums.signal),
        sums.clipped / count,
        sums.underflowed / count);
  }

  private static final class Sums {
    private final float[] values;
    private final HostWeight weight;
    private final CodeTable table;
    private final double largestCode;
    private double signal;
    private double noise;
    private long clipped;
    private long underflowed;

    Sums(float[] values, HostWeight weight, CodeTable table) {
      this.values = values;
      this.weight = weight;
      this.table = table;
      this.largestCode = weight.scheme().weight().orElseThrow().element().maxFinite() * SLACK;
    }

    void add(int from, int to, int group) {
      float scale = weight.scales().get(group);
      double largest = scale * largestCode;
      double runSignal = 0;
      double runNoise = 0;
      for (int i = from; i < to; i++) {
        double value = values[i];
        double decoded = table.decode(weight.values().get(i)) * scale;
        runSignal += value * value;
        runNoise += (value - decoded) * (value - decoded);
        clipped += Math.abs(value) > largest ? 1 : 0;
        underflowed += value != 0 && decoded == 0 ? 1 : 0;
      }
      signal += runSignal;
      noise += runNoise;
    }
  }
}
