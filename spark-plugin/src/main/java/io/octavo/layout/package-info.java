/**
 * Model directories of Hugging Face, dense and quantized, read and written.
 *
 * <p>A linear layer of a quantized directory is several tensors, in one of few layouts that others
 * publish:
 *
 * <pre>
 * quant_method         tensors of a layer                          codes
 * fp8                  weight, weight_scale_inv (or weight_scale)  E4M3; a scale a tensor, row or block
 * compressed-tensors
 *   float-quantized    weight, weight_scale                        E4M3; a scale a tensor, row or block
 *   int-quantized      weight, weight_scale                        INT8; a scale a row
 *   pack-quantized     weight_packed, weight_scale, weight_shape   INT4, 8 to an int32; a scale a group
 *   octavo-e2m1        weight_packed, weight_scale                 E2M1, 2 to a byte; a scale a group
 * </pre>
 *
 * The last is our own: what others publish of E2M1 has groups of 16 or 32 and scales of 8 bits. All
 * scales multiply codes, whatever their name says. {@link io.octavo.layout.ModelFiles} is what an
 * engine reads a directory through, {@link io.octavo.layout.ModelDirectoryWriter} writes one.
 */
@NullMarked
package io.octavo.layout;

import org.jspecify.annotations.NullMarked;
