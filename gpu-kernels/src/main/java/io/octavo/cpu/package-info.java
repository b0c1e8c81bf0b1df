/**
 * The fast backend of the host: OpenBLAS for matrix products, Java loops for the rest, on a fixed
 * number of threads.
 *
 * <p>Tensors lie outside the heap. Loops copy a tile of a row or a few thousand elements into a
 * small heap array, compute there and copy back: plain loops over arrays are vectorised by the
 * compiler, and {@link io.octavo.cpu.VectorLoops} uses the incubating Vector API for what it does
 * not vectorise (reductions, exponentials, casts). Where that module is absent {@link
 * io.octavo.cpu.ScalarLoops} computes the same with the usual Math functions.
 *
 * <p>Work is cut into blocks whose bounds do not depend on the number of threads, and sums over
 * blocks are taken in order; only matrix products may round differently with another number of
 * threads.
 */
@NullMarked
package io.octavo.cpu;

import org.jspecify.annotations.NullMarked;
