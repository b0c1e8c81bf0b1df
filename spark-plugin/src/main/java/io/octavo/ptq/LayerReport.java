package io.octavo.ptq;

import java.io.Serializable;

/**
 * What quantization did to a linear layer.
 *
 * @param layer its name
 * @param scheme name of its scheme; {@code none} where it stays as it is
 * @param relativeError norm of the difference over norm of the weight
 * @param sqnr signal to quantization noise in decibel; infinite where nothing was lost
 * @param clipped share of numbers beyond the largest code
 * @param underflowed share of numbers that became 0
 * @param clampedScales scales that a constraint moved further than its rounding does
 */
public record LayerReport(
    String layer,
    long rows,
    long columns,
    String scheme,
    double relativeError,
    double sqnr,
    double clipped,
    double underflowed,
    int clampedScales,
    long bytesBefore,
    long bytesAfter)
    implements Serializable {}
