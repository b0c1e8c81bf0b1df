/**
 * Llama as Hugging Face defines it, with the forward and the backward pass written out.
 *
 * <p>Parameters are grouped in units that are gathered, used and released together: {@code embed},
 * {@code layers.0} and so on, {@code final}. {@link io.octavo.model.ParameterLayout} gives each
 * parameter its place in its unit's flat vector. {@link io.octavo.model.Transformer} runs
 * micro-batches over tensors that {@link io.octavo.model.TransformerPlan} has reserved; what the
 * backward pass needs is saved there explicitly, one {@link io.octavo.model.LayerActivations} a
 * layer. Linear layers cast their operands as a {@code Recipe} says; embedding, norms, attention
 * and the residual stream stay FP32 on the CPU, the output head is BF16 where linear layers are
 * below FP32.
 */
@NullMarked
package io.octavo.model;

import org.jspecify.annotations.NullMarked;
