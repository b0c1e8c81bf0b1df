/**
 * Number formats: what the bits of a code mean. Nothing outside this package knows bits.
 *
 * <p>A minifloat ExMy has a sign, x exponent bits and y mantissa bits. What its highest codes mean
 * depends on a convention ({@link io.octavo.format.SpecialCodes}): no special codes, one NaN (OCP
 * E4M3), infinities and NaNs as in IEEE 754 (OCP E5M2), or a single NaN in the place of minus zero
 * (FNUZ). Scales are FP32 numbers or powers of two (E8M0).
 */
@NullMarked
package io.octavo.format;

import org.jspecify.annotations.NullMarked;
