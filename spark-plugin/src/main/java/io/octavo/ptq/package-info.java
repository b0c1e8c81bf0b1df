/**
 * Post-training quantization: from the numbers of a trained weight to codes and scales.
 *
 * <p>{@link io.octavo.ptq.QuantizationPlan} says which layers are cast to what, with which {@link
 * io.octavo.ptq.ScaleConstraint}. A {@link io.octavo.ptq.WeightQuantizer} casts one weight: {@link
 * io.octavo.ptq.RoundToNearest} needs nothing but the weight; methods that measure what flows into
 * a layer (GPTQ's Hessian, SmoothQuant's largest inputs) find it in a {@link
 * io.octavo.ptq.Calibration}. Methods that change weights before the cast without changing the
 * model's function (SmoothQuant, FireQ's channel and rotary scalings) are a {@code ModelFiles} over
 * another one: what is read through them is what is cast.
 *
 * <p>A constrained scale is known before the codes are made from it. Rounding scales afterwards
 * would multiply the weights of a group by the ratio of both, up to 2.
 */
@NullMarked
package io.octavo.ptq;

import org.jspecify.annotations.NullMarked;
