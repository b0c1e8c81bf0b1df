/**
 * The one interface to a device: {@link io.octavo.kernel.Backend} and an interface for each family
 * of operations. Every family has a twin in {@code reference} (plain loops, the oracle), in {@code
 * cpu} and, where there is a GPU, in {@code cuda}.
 *
 * <p>Conventions: matrices are row-major; {@code M, N, K} with {@code D = A B^T}; {@code B, T, C}
 * for batch, time and channel, with {@code M = B T} rows. All arithmetic is FP32 unless a method
 * says otherwise. Destination tensors never overlap sources unless a method says so. Arguments are
 * checked where tensors are built; kernels assume shapes that fit. No method allocates device
 * memory.
 */
@NullMarked
package io.octavo.kernel;

import org.jspecify.annotations.NullMarked;
