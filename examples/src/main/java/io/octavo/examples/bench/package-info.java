/**
 * What {@link io.octavo.examples.Bench} measures, a class for each family.
 *
 * <p>A kernel is measured as a training step runs it: ten calls are captured as one replay, and the
 * median time of seven replays counts. Kernels that only move memory are compared with a copy
 * measured in the same run, by the bytes they cannot avoid: every operand read once and every
 * result written once. A per-tensor cast by itself reads its matrix twice, for the scale must be
 * known before the first code; behind a norm or SwiGLU, which leave the largest magnitude, once.
 *
 * <p>Numbers are seeded and random, never zeros: an accelerator's clocks depend on what it
 * multiplies.
 */
@NullMarked
package io.octavo.examples.bench;

import org.jspecify.annotations.NullMarked;
