/**
 * Policy: which numbers share a scale, and which operand is cast to which format.
 *
 * <p>{@link io.octavo.quant.QuantSpec} describes one cast in full. {@link io.octavo.quant.Recipe}
 * says which spec the input, the weight and the output gradient of a linear layer get. {@code
 * scale} is always the multiplier of dequantization: {@code value = code * scale}.
 */
@NullMarked
package io.octavo.quant;

import org.jspecify.annotations.NullMarked;
