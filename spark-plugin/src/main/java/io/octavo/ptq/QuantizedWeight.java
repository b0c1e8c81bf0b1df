package io.octavo.ptq;

import io.octavo.tensor.HostWeight;

/**
 * A weight and what its cast lost.
 *
 * @param error against the numbers it was cast from
 * @param clampedScales scales that a constraint moved further than its rounding does
 */
public record QuantizedWeight(HostWeight weight, QuantizationError error, int clampedScales) {}
