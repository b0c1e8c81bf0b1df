/**
 * Values and their memory.
 *
 * <p>A {@link io.octavo.tensor.Tensor} is a shape over a {@link io.octavo.tensor.Buffer}; it has no
 * operators. A {@link io.octavo.tensor.QuantizedTensor} is a tensor of codes with the tensor of
 * scales that gives them meaning. Both are an {@link io.octavo.tensor.Operand} of a matrix product.
 * All memory of a training step comes from one planned {@code kernel.Arena}: first an {@link
 * io.octavo.tensor.ArenaPlan} is filled (sizes only, nothing is allocated), then it is materialised
 * with one allocation.
 */
@NullMarked
package io.octavo.tensor;

import org.jspecify.annotations.NullMarked;
